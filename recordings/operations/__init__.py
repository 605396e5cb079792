"""The pages for administrators: the state of CommBox, the queue, runs, problems and API keys."""
