"""A web page in the developer's browser cannot use the local cloud."""

import base64
import io
import json
import uuid
import zipfile
from typing import Any

import boto3
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from local.stack import Stack, client
from tests.machines import physical_id

PAGE = "https://evil.example"
# Well-known keys: a former key of this project, the key of ministack, and an account id.
KNOWN_KEYS = {"LOCALROOT": "not-a-secret", "test": "test", "000000000000": "test", "": ""}


def function_request() -> dict[str, Any]:
    """Return the body of a request that creates a function under a new name."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("attack.py", "def handler(event, context): return 'ran'")
    return {
        "FunctionName": f"attack-{uuid.uuid4().hex[:8]}",
        "Runtime": "python3.13",
        "Role": "arn:aws:iam::000000000000:role/any",
        "Handler": "attack.handler",
        "Code": {"ZipFile": base64.b64encode(code.getvalue()).decode()},
    }


def create_function(cloud: Stack, key_id: str, key: str, **headers: str) -> requests.Response:
    """Create a function with these headers. The request is signed unless the key id is empty."""
    url = f"{cloud.endpoint_url}/2015-03-31/functions"
    request = AWSRequest(
        "POST", url, data=json.dumps(function_request()), headers={"Host": cloud.endpoint_url[7:]}
    )
    if key_id:
        SigV4Auth(Credentials(key_id, key), "lambda", cloud.region).add_auth(request)
    return requests.post(url, data=request.data, headers=dict(request.headers) | headers, timeout=10)


def list_function_names(cloud: Stack) -> set[str]:
    pages = cloud.client("lambda").get_paginator("list_functions").paginate()
    return {each["FunctionName"] for page in pages for each in page["Functions"]}


def assert_rejected(response: requests.Response) -> None:
    assert response.status_code == 403, response.text
    assert not [name for name in response.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("key_id", KNOWN_KEYS)
@pytest.mark.parametrize("headers", [{}, {"Origin": PAGE}], ids=["no origin", "foreign origin"])
def test_a_well_known_key_creates_no_function(cloud: Stack, key_id: str, headers: dict[str, str]) -> None:
    before = list_function_names(cloud)

    assert_rejected(create_function(cloud, key_id, KNOWN_KEYS[key_id], **headers))

    assert list_function_names(cloud) == before


def test_the_key_id_without_the_secret_creates_no_function(cloud: Stack) -> None:
    assert_rejected(create_function(cloud, cloud.access_key_id, "a guess"))


@pytest.mark.parametrize("origin", [PAGE, "null", "http://127.0.0.1:1", "http://127.0.0.1.evil.example"])
def test_a_page_of_another_site_creates_no_function_even_with_the_key(cloud: Stack, origin: str) -> None:
    response = create_function(cloud, cloud.access_key_id, cloud.secret_access_key, Origin=origin)

    assert_rejected(response)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", ""])
def test_a_host_name_of_another_site_is_rejected(cloud: Stack, host: str) -> None:
    for url in (
        cloud.endpoint_url,
        f"{cloud.control_api}/numbers",
        cloud.api_page,
        f"{cloud.simulator}/_simulator/health",
    ):
        assert_rejected(requests.get(url, headers={"Host": host}, timeout=10))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_ministack/reset"),
        ("POST", "/_ministack/config"),
        ("GET", "/_aws/sqs/messages"),
        ("GET", "/"),
        ("PUT", "/a-bucket"),
        ("GET", "/oauth2/authorize"),
    ],
)
def test_an_emulator_endpoint_is_rejected_without_the_key(cloud: Stack, method: str, path: str) -> None:
    url = cloud.endpoint_url + path
    unknown = {"Authorization": "AWS4-HMAC-SHA256 Credential=ASIAGUESSED/20260101/us-east-1/s3/aws4_request"}

    assert_rejected(requests.request(method, url, data="{}", timeout=10))
    assert_rejected(requests.request(method, url, data="{}", headers=unknown, timeout=10))


def test_a_preflight_permits_nothing(cloud: Stack) -> None:
    headers = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
    for url in (cloud.endpoint_url, f"{cloud.control_api}/messages", f"{cloud.simulator}/_simulator/inbound"):
        assert_rejected(requests.options(url, headers=headers, timeout=10))


def test_a_page_of_another_site_cannot_use_the_simulator(cloud: Stack) -> None:
    for method, path in (
        ("POST", "/_simulator/reset"),
        ("POST", "/_simulator/inbound"),
        ("GET", "/_simulator/account"),
    ):
        response = requests.request(
            method,
            cloud.simulator + path,
            headers={"Origin": PAGE, "Content-Type": "text/plain"},
            data="{}",
            timeout=10,
        )
        assert_rejected(response)


def test_the_keys_of_a_function_cannot_be_computed_from_its_name(cloud: Stack) -> None:
    """ministack derives them from values that are in every log."""
    from ministack.core import lambda_runtime  # noqa: PLC0415

    assert cloud.call("GET", "/numbers").ok
    functions = cloud.client("lambda")
    browse = functions.get_function_configuration(FunctionName=physical_id(cloud, "Browse"), Qualifier="live")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ministack.app.AUTH", True)
        derived = lambda_runtime.execution_credentials(browse)
    sts = boto3.client(
        "sts",
        endpoint_url=cloud.endpoint_url,
        region_name=cloud.region,
        aws_access_key_id=derived["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=derived["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=derived["AWS_SESSION_TOKEN"],
    )

    with pytest.raises(ClientError) as error:
        sts.get_caller_identity()

    assert "signature" in error.value.response["Error"]["Message"]


def test_boto3_works_with_the_key_of_the_local_cloud(cloud: Stack) -> None:
    by_name = cloud.endpoint_url.replace("127.0.0.1", "localhost")
    for endpoint_url in (cloud.endpoint_url, by_name):
        sts = client("sts", endpoint_url, cloud.access_key_id, cloud.secret_access_key)
        assert sts.get_caller_identity()["Account"] == "000000000000"


def test_a_presigned_link_works_and_a_changed_link_is_rejected(cloud: Stack) -> None:
    bucket = f"links-{uuid.uuid4().hex[:8]}"
    s3 = boto3.client(
        "s3",
        endpoint_url=cloud.endpoint_url,
        region_name=cloud.region,
        aws_access_key_id=cloud.access_key_id,
        aws_secret_access_key=cloud.secret_access_key,
        config=Config(signature_version="s3v4"),
    )
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a letter.pdf", Body=b"a letter")
    link = s3.generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": "a letter.pdf"}, ExpiresIn=60
    )

    assert requests.get(link, timeout=10).content == b"a letter"
    assert requests.get(link.replace("Expires=60", "Expires=61"), timeout=10).status_code == 403


def test_each_local_cloud_has_keys_of_its_own(clouds: dict[str, Stack]) -> None:
    stacks = clouds.values()

    assert len({stack.access_key_id for stack in stacks}) == len(stacks)
    assert len({stack.secret_access_key for stack in stacks}) == len(stacks)


def test_an_api_page_may_call_its_own_origin(cloud: Stack) -> None:
    response = requests.get(cloud.api_page, headers={"Origin": cloud.endpoint_url}, timeout=10)

    assert response.status_code == 200
    assert not [name for name in response.headers if name.lower().startswith("access-control-")]
