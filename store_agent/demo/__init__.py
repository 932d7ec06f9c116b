"""The sample shop: invented customers, goods and offers, and traffic through the public doors."""
