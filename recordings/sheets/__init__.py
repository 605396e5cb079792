"""Write for spreadsheets: cells that are no formula, workbooks as they go. Knows nothing of the portal."""
