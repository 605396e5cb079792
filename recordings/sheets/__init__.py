"""Write CSV and XLSX: cells that no spreadsheet runs as a formula, and workbooks written in one pass."""
