"""The sample company Yuanshan Automation (远山自动化): made up by us, the same for every seed, alive on any day."""
