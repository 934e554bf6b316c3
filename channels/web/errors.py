"""How REST says that something was not carried out: one typed body, Chinese words, a code for programs."""

import logging
from collections.abc import Mapping
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from channels.protocol import ErrorCode, describe_faults
from channels.reception import Reception
from knowledge_base.errors import QuestionRejected

log = logging.getLogger(__name__)


class ErrorDetail(BaseModel):
    """What went wrong, in words and as a code; `trace_id` finds it in the log."""

    code: ErrorCode
    message: str = Field(description="Chinese, says what to do")
    trace_id: str


class ErrorBody(BaseModel):
    """The body of every response with a status of 400 or above."""

    error: ErrorDetail


class RefusedError(Exception):
    """A request that is not carried out."""

    def __init__(
        self, status: int, code: ErrorCode, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers


_BAD_JSON = "请求内容不是有效的 JSON，请按接口说明发送。"
_BY_STATUS = {
    # All that FastAPI answers so is a body it could not decode.
    400: (ErrorCode.BAD_JSON, _BAD_JSON),
    404: (ErrorCode.NOT_FOUND, "没有这个地址，请检查后再试。"),
    405: (ErrorCode.INVALID_MESSAGE, "这个地址不支持该请求方法。"),
    413: (ErrorCode.TOO_LARGE, "请求太大。"),
}


def install_error_handlers(app: FastAPI) -> None:
    """Make every failure answer with an `ErrorBody`."""
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(QuestionRejected, _rejected)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _failed)


def error_response(
    status: int, code: ErrorCode, message: str, headers: Mapping[str, str] | None = None, trace_id: str = ""
) -> JSONResponse:
    """Return the response that carries an `ErrorBody`."""
    detail = ErrorDetail(code=code, message=message, trace_id=trace_id or uuid4().hex)
    return JSONResponse(
        ErrorBody(error=detail).model_dump(mode="json"), status_code=status, headers=dict(headers or {})
    )


def _respond(
    request: Request, status: int, code: ErrorCode, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    reception: Reception = request.app.state.reception
    reception.metrics.reject("rest", code)
    response = error_response(status, code, message, headers)
    log.info("refused", extra={"code": code.value, "status": status, "path": request.url.path})
    return response


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return _respond(request, error.status, error.code, str(error), error.headers)


def _rejected(request: Request, error: Exception) -> Response:
    assert isinstance(error, QuestionRejected)
    return _respond(request, 422, ErrorCode(error.code), str(error))


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = error.errors()
    if any(fault["type"] == "json_invalid" for fault in faults):
        return _respond(request, 400, ErrorCode.BAD_JSON, _BAD_JSON)
    return _respond(request, 422, ErrorCode.INVALID_MESSAGE, describe_faults(list(faults)))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, message = _BY_STATUS.get(error.status_code, (ErrorCode.INVALID_MESSAGE, "请求不能处理。"))
    return _respond(request, error.status_code, code, message, error.headers)


def _failed(request: Request, error: Exception) -> Response:
    reception: Reception = request.app.state.reception
    trace_id = uuid4().hex
    log.error("request failed", exc_info=error, extra={"trace_id": trace_id, "path": request.url.path})
    reception.metrics.reject("rest", ErrorCode.INTERNAL)
    message = f"系统出错，未能处理。请稍后再试，或拨打 {reception.settings.hotline}。"
    return error_response(500, ErrorCode.INTERNAL, message, trace_id=trace_id)
