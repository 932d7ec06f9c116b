"""What the commands of `store-agent` do; `store_agent.cli` only reads the command line."""
