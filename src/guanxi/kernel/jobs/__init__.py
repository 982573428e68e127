"""Work for later: queue with leases, retries, schedules."""
