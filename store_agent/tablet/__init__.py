"""The tablet's view of the agent: implements the ports that `kiosk_ui` declares."""
