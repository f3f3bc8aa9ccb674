"""What a deploy needs of object storage, and S3 as one that has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

MARK = "sitegen"  # the field of an object's own metadata that says it is ours, and what it holds
_AT_ONCE = 1000  # keys that one request may remove
_OVERTAKEN = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey")  # what a server says that finds another object than the one to replace


class BucketError(Exception):
    """The bucket cannot be used; the message is one line that says why."""


class OtherDeployError(BucketError):
    """Something else stands in the bucket than what was looked at."""

    def __str__(self) -> str:
        return "another deploy of the same place was at work meanwhile; deploy again"


@dataclass(frozen=True, slots=True)
class Upload:
    """An object to be: its path below the prefix, its bytes and headers, and the mark that goes with it."""

    path: str
    data: bytes
    type: str
    cache: str
    encoding: str
    mark: str


class Bucket(Protocol):
    """Objects by path below a prefix, and nothing outside it. Every method raises BucketError."""

    def list(self) -> dict[str, str]:
        """The entity tag of every object."""

    def get(self, path: str) -> tuple[bytes, str] | None:
        """An object's bytes as they are stored and its entity tag, or None if it is not there."""

    def head(self, path: str) -> tuple[str, str] | None:
        """An object's mark, empty if it has none, and its entity tag; or None if it is not there."""

    def put(self, upload: Upload, instead_of: str | None = None) -> str:
        """Store an object, in one step; its entity tag.

        If only `instead_of` the object with this entity tag, or of none where it is empty, raises OtherDeployError where the
        server finds another; not every server looks.
        """

    def remove(self, paths: Sequence[str]) -> None:
        """Remove objects; those that are gone already are no mistake."""


class S3:
    """A bucket of S3, or of any server that speaks its plain interface.

    Credentials, region and retries are botocore's to find and to make, from the environment and the files it knows.
    """

    def __init__(self, name: str, prefix: str = "", endpoint: str | None = None, connections: int = 10) -> None:
        try:
            import boto3
            from botocore.config import Config
        except ImportError:
            raise BucketError("deploying needs boto3: pip install 'sitegen-glossary[s3]'") from None
        self.name, self.prefix = name, f"{prefix}/" if prefix else ""
        # Checksums that only newer servers know are left out where nothing asks for them.
        config = Config(
            max_pool_connections=connections,
            connect_timeout=10,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        try:
            with self._told():
                self.client: Any = boto3.session.Session().client("s3", endpoint_url=endpoint, config=config)
        except ValueError as error:
            raise BucketError(f"a setting for AWS cannot be used: {error}") from None

    def list(self) -> dict[str, str]:
        with self._told():
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=self.prefix)
            return {item["Key"][len(self.prefix) :]: item["ETag"] for page in pages for item in page.get("Contents", ())}

    def get(self, path: str) -> tuple[bytes, str] | None:
        with self._told():
            try:
                answer = self.client.get_object(Bucket=self.name, Key=self.prefix + path)
            except self.client.exceptions.NoSuchKey:
                return None
            return answer["Body"].read(), answer["ETag"]

    def head(self, path: str) -> tuple[str, str] | None:
        with self._told():
            try:
                answer = self.client.head_object(Bucket=self.name, Key=self.prefix + path)
            except self.client.exceptions.ClientError as error:
                if _code(error) == "404":
                    return None
                raise
            return answer["Metadata"].get(MARK, ""), answer["ETag"]

    def put(self, upload: Upload, instead_of: str | None = None) -> str:
        headers = {"ContentEncoding": upload.encoding} if upload.encoding else {}
        if instead_of is not None:
            headers |= {"IfMatch": instead_of} if instead_of else {"IfNoneMatch": "*"}
        with self._told():
            try:
                answer = self.client.put_object(
                    Bucket=self.name, Key=self.prefix + upload.path, Body=upload.data, ContentType=upload.type,
                    CacheControl=upload.cache, Metadata={MARK: upload.mark}, **headers,
                )  # fmt: skip
            except self.client.exceptions.ClientError as error:
                if instead_of is None or _code(error) not in (*_OVERTAKEN, "NotImplemented"):
                    raise
                if _code(error) in _OVERTAKEN:
                    raise OtherDeployError from None
                return self.put(upload)
            tag: str = answer["ETag"]
            return tag

    def remove(self, paths: Sequence[str]) -> None:
        for start in range(0, len(paths), _AT_ONCE):
            keys = [{"Key": self.prefix + path} for path in paths[start : start + _AT_ONCE]]
            with self._told():
                answer = self.client.delete_objects(Bucket=self.name, Delete={"Objects": keys, "Quiet": True})
            for error in answer.get("Errors", ()):
                raise BucketError(f"{error.get('Key')} cannot be removed: {error.get('Code')} {error.get('Message', '')}".rstrip())

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever botocore raises becomes one line for the operator."""
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            yield
        except ClientError as error:
            raise BucketError(self._refused(error)) from error
        except BotoCoreError as error:
            raise BucketError(self._failed(error)) from error
        except (ResponseParserError, KeyError, RecursionError):  # without an entity tag, or redirected again and again
            raise BucketError(f"{self.client.meta.endpoint_url} does not answer as S3 does") from None

    def _refused(self, error: Any) -> str:
        """What the server says, where it answered with a refusal."""
        code, message = _code(error), error.response["Error"].get("Message", "")
        match code:
            case "NoSuchBucket":
                return f"there is no bucket '{self.name}'"
            case "AccessDenied" | "403" | "AllAccessDisabled":
                return f"the bucket '{self.name}' denies access: these credentials may not {error.operation_name}"
            case (
                "InvalidAccessKeyId"
                | "SignatureDoesNotMatch"
                | "ExpiredToken"
                | "InvalidToken"
                | "TokenRefreshRequired"
            ):
                return f"the credentials are not accepted: {code}"
            case "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" | "301":
                return f"the bucket '{self.name}' is in another region: set AWS_DEFAULT_REGION"
            case _:
                return f"the bucket '{self.name}' refuses {error.operation_name}: {code} {message}".rstrip()

    def _failed(self, error: Exception) -> str:
        """What went wrong before or instead of an answer."""
        from botocore import exceptions as known

        if isinstance(error, known.NoCredentialsError | known.PartialCredentialsError):
            return "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        if isinstance(error, known.ConnectionError | known.HTTPClientError):
            return f"the network fails: no answer from {self.client.meta.endpoint_url}"
        return str(error)


def _code(error: Any) -> str:
    """The name of a server's refusal."""
    code: str = error.response["Error"].get("Code", "")
    return code
