"""What a person can be permitted to do. Roles, in auditportal/accounts/roles.py, are named sets of these."""

from enum import StrEnum


class Permission(StrEnum):
    SEARCH_OBJECTS = "search_objects"
    OPEN_OBJECTS = "open_objects"
    PLAY_RECORDINGS = "play_recordings"
    DOWNLOAD_RECORDINGS = "download_recordings"
    READ_TRAIL = "read_trail"
    VIEW_ASSURANCE = "view_assurance"
    EXPORT_REPORTS = "export_reports"
    REFRESH_CATALOG = "refresh_catalog"
    VIEW_OPERATIONS = "view_operations"
    EVALUATE = "evaluate"
    MANAGE_SCORECARDS = "manage_scorecards"
    SEE_ACCESS = "see_access"
    MANAGE_PEOPLE = "manage_people"
    ERASE_SUBJECTS = "erase_subjects"
    SEE_PERSONAL_DATA = "see_personal_data"
    UNMASK_PERSONAL_DATA = "unmask_personal_data"
    CLASSIFY_RECORDINGS = "classify_recordings"
    READ_OWN_CALLS = "read_own_calls"
