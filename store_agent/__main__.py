"""`python -m store_agent` is `store-agent`."""

from store_agent.cli import main

if __name__ == "__main__":
    main()
