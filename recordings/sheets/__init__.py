"""What spreadsheets are given: cells that are no formula, workbooks written as they go. Knows nothing of the portal."""
