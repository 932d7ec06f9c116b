"""What can be read out of what is known of a customer. Pure: no I/O, no clock."""
