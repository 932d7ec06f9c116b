"""How events travel: one file per way, all behind `base.Transport`."""
