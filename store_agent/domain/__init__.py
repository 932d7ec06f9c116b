"""Values and rules without I/O: the words of the shop. See the glossary in CONTRIBUTING.md."""
