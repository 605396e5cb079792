"""What a person reads out of a cell that was made harmless."""


def original(cell: str) -> str:
    """The value without the apostrophe before it; those within a cell stay."""
    return cell[1:] if cell.startswith("'") else cell
