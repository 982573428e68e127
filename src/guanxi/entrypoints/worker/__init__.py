"""Background work: seal, followers, jobs, schedules."""
