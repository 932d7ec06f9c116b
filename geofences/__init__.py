"""WHERE: fences and fixes, beacons and radios. Pure but for `scanner`, `mqtt` and `spool`."""
