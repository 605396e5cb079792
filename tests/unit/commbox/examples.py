"""Answers as CommBox's description shows them, with invented people, hosts and signatures."""

import json
from typing import Any

OBJECT_ID = "1407374990000101"
HOST = "https://acme-recordings.s3.eu-west-1.amazonaws.com"
URL = f"{HOST}/brands/acme/2026/05/13/{OBJECT_ID}-1.mp4"
SIGNED = f"{URL}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260513"
SIGNED_900 = f"{SIGNED}&X-Amz-Date=20260513T092011Z&X-Amz-Expires=900&X-Amz-Signature=0f1e2d"
SIGNED_1800 = f"{SIGNED}&X-Amz-Date=20260513T092011Z&X-Amz-Expires=1800&X-Amz-Signature=3c4b5a"

METADATA = {
    "recordingType": "video",
    "recordingUrl": URL,
    "duration": 542,
    "timestamp": "2026-05-13T09:14:22Z",
    "fileSize": 104857600,
}


def envelope(data: Any, status: Any = "200", description: str = "Operation successful") -> dict[str, Any]:
    return {
        "status": status,
        "description": description,
        "response_time": "2026-05-13T09:20:11.4471093Z",
        "data": data,
    }


def metadata(**changes: Any) -> dict[str, Any]:
    return {**METADATA, **changes}


def activity(contents: Any = METADATA, **changes: Any) -> dict[str, Any]:
    """Shape A: the metadata as JSON text in `data`."""
    return {
        "objectId": OBJECT_ID,
        "user": {
            "id": 5501,
            "first_name": "Avery",
            "last_name": "Cole",
            "identity": {"identityId": 91001, "thumbnailUrl": ""},
        },
        "type": 27,
        "data": json.dumps(contents) if isinstance(contents, dict) else contents,
        "createdTime": "2026-05-13T09:14:25",
        **changes,
    }


def flat(**changes: Any) -> dict[str, Any]:
    """Shapes B and C: the metadata on the item itself."""
    return {"activityType": 27, **metadata(**changes)}


def conversation(**changes: Any) -> dict[str, Any]:
    """An object in the first spelling."""
    return {
        "objectId": int(OBJECT_ID),
        "streamId": 31245,
        "substreamId": 774,
        "streamProviderType": 8,
        "user_identity": 80022001,
        "firstName": "Dana",
        "lastName": "Marlowe",
        "userStreamProviderId": "dana.marlowe@example.com",
        "message": "Video call",
        "createdTime": "2026-05-13T08:58:31.1180000Z",
        "updatedTime": "2026-05-13T09:14:25.6024417Z",
        "closedTime": None,
        "statusId": 8,
        "assignedManagerId": 0,
        "lastAssignedManagerId": 5501,
        "type": 4,
        "numTags": 1,
        "user": {"id": 70011001, "phone1": 15550100001, "email": "dana@example.com"},
        **changes,
    }
