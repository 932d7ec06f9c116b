"""Bluetooth radios: `radio` alone knows bleak, `watchdog` decides when one must be built anew."""
