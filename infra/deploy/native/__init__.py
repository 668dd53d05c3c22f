"""Real servers, started from the distribution's packages with all their files in one folder."""
