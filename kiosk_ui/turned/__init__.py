"""The turned tablet: what a customer sees and says on it, and the way there and back."""
