"""The sandbox's version of CommBox's API."""
