"""Training stages: base, packing, continued pretraining, supervised fine-tuning, merging."""
