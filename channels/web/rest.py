"""The REST interface: one question one answer, stored texts, and what operators watch."""

from datetime import date
from typing import Annotated, Literal

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from bot.answer import Answer, Message, Question
from bot.question_text import check_question_text
from channels.protocol import ErrorCode
from channels.reception import NotReadyError, Reception
from channels.web.documents import DocumentText, describe
from channels.web.errors import ErrorBody, RefusedError
from channels.web.page import document_page
from knowledge_base.dates import today

CHANNEL = "rest"
MAX_HISTORY = 100
HISTORY_USED = 20
HISTORY_CHARS_USED = 2000
LARGEST_ID = 2**31 - 1

DocumentId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="引文中的 `document.id`")]

router = APIRouter()

_ERRORS: dict[int | str, dict[str, type[BaseModel] | str]] = {
    400: {"model": ErrorBody, "description": "请求体不是 JSON，或不是 UTF-8：`bad_json`"},
    413: {"model": ErrorBody, "description": "请求体过大：`too_large`"},
    422: {
        "model": ErrorBody,
        "description": "问题或参数不合要求：`empty`、`too_long`、`control_characters`、`invalid_message`",
    },
    429: {"model": ErrorBody, "description": "提问太快：`rate_limited`，`Retry-After` 给出秒数"},
    503: {"model": ErrorBody, "description": "索引尚未就绪：`not_ready`"},
}


class AskRequest(BaseModel):
    """A question with what came before it."""

    model_config = {"extra": "forbid", "json_schema_extra": {"examples": [{"question": "公积金怎么提取？"}]}}

    question: str = Field(description="问题，最多 500 个字（可由运营方设置）")
    history: tuple[Message, ...] | None = Field(
        default=None,
        max_length=MAX_HISTORY,
        description=f"此前的对话，先问先列；只看最后 {HISTORY_USED} 条，每条前 {HISTORY_CHARS_USED} 字",
    )
    region: str | None = Field(
        default=None, max_length=100, description="所在地区，如 `云岭省/云州市`；不填则按全国统一的规定回答"
    )
    locale: str | None = Field(default=None, max_length=35, description="BCP 47 语言标记，如 `zh-CN`")
    as_of: date | None = Field(default=None, description="按哪一天有效的规定回答，默认今天")


@router.post("/api/v1/ask", responses=_ERRORS, summary="提一个问题，得到一份回答", tags=["咨询"])
async def ask(request: Request, body: AskRequest) -> Answer:
    """Answer one question from the documents in force; a refusal to answer is a status, not an error."""
    reception: Reception = request.app.state.reception
    wait_s = reception.limits.wait_s(address=request.client.host if request.client else "")
    if wait_s:
        retry = {"Retry-After": str(round(wait_s))}
        raise RefusedError(429, ErrorCode.RATE_LIMITED, f"提问太快了，请 {wait_s:.0f} 秒后再试。", retry)
    check_question_text(body.question, reception.settings.max_question_chars)
    question = Question(
        question=body.question,
        history=tuple(
            line.model_copy(update={"text": line.text[:HISTORY_CHARS_USED]})
            for line in (body.history or ())[-HISTORY_USED:]
        ),
        region=body.region or None,
        locale=body.locale,
        as_of=body.as_of,
    )
    try:
        return await reception.answer(question, channel=CHANNEL)
    except NotReadyError as waiting:
        raise RefusedError(
            503, ErrorCode.NOT_READY, f"{waiting}，请稍候再问。", {"Retry-After": "3"}
        ) from waiting


@router.get(
    "/api/v1/documents/{document_id}",
    summary="读一份文件的全文",
    description="`start`、`end` 指出要引的一段。浏览器（`Accept: text/html`）得到可读的网页。",
    response_model=DocumentText,
    responses={404: {"model": ErrorBody}, 422: {"model": ErrorBody}},
    tags=["文件"],
)
async def read_document(
    request: Request,
    document_id: DocumentId,
    version: Annotated[
        int | None, Query(ge=1, le=LARGEST_ID, description="版本编号（引文中的 `version_id`），默认最新")
    ] = None,
    start: Annotated[int | None, Query(ge=0, description="引文起点，按字计")] = None,
    end: Annotated[int | None, Query(ge=0, description="引文终点（不含），按字计")] = None,
) -> Response:
    found = await _document_text(request, document_id, version, start, end)
    if prefers_html(request.headers.get("accept", "")):
        return HTMLResponse(document_page(found), headers={"Vary": "Accept"})
    return JSONResponse(found.model_dump(mode="json"), headers={"Vary": "Accept"})


@router.get("/documents/{document_id}", include_in_schema=False)
async def show_document(
    request: Request,
    document_id: DocumentId,
    version: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
    start: Annotated[int | None, Query(ge=0)] = None,
    end: Annotated[int | None, Query(ge=0)] = None,
) -> HTMLResponse:
    """The same text as a page, for links a citizen follows."""
    return HTMLResponse(document_page(await _document_text(request, document_id, version, start, end)))


@router.get("/healthz", summary="进程是否在运行", tags=["运维"])
async def healthz() -> dict[Literal["status"], Literal["ok"]]:
    return {"status": "ok"}


@router.get("/readyz", summary="是否可以回答问题；不能时为 503，reason 说明原因或妨碍", tags=["运维"])
async def readyz(request: Request) -> JSONResponse:
    reception: Reception = request.app.state.reception
    if reception.backend is None:
        return JSONResponse({"ready": False, "reason": reception.waiting_for}, status_code=503)
    state = await to_thread.run_sync(reception.backend.ready)
    reception.metrics.index_revision.set(state.revision)
    body = {
        "ready": state.ready,
        "reason": state.reason,
        "revision": state.revision,
        "documents": state.documents,
        "chunks": state.chunks,
        "encoder": state.encoder,
    }
    return JSONResponse(body, status_code=200 if state.ready else 503)


@router.get("/metrics", summary="Prometheus 指标", response_class=PlainTextResponse, tags=["运维"])
async def metrics(request: Request) -> Response:
    reception: Reception = request.app.state.reception
    if reception.backend is not None:
        state = await to_thread.run_sync(reception.backend.ready)
        reception.metrics.index_revision.set(state.revision)
    content_type = "text/plain; version=0.0.4; charset=utf-8"
    return Response(await to_thread.run_sync(reception.metrics.exposition), media_type=content_type)


def prefers_html(accept: str) -> bool:
    """Tell whether an Accept header names HTML before JSON, as browsers do."""
    html, json = accept.find("text/html"), accept.find("application/json")
    return html >= 0 and (json < 0 or html < json)


async def _document_text(
    request: Request, document_id: int, version_id: int | None, start: int | None, end: int | None
) -> DocumentText:
    reception: Reception = request.app.state.reception
    stored = await to_thread.run_sync(reception.library.document_text, document_id, version_id)
    if stored is None:
        wanted = f"编号 {document_id}" + ("" if version_id is None else f"、版本 {version_id}")
        raise RefusedError(404, ErrorCode.NOT_FOUND, f"没有{wanted}的文件，它可能已被撤下。")
    if stored.withdrawn:
        return describe(stored, None, today())  # a link to its words still says what became of them
    length = len(stored.text)
    if (start is None) != (end is None):
        raise RefusedError(422, ErrorCode.INVALID_MESSAGE, "start 和 end 要一起给出。")
    if start is not None and end is not None and not start < end <= length:
        reason = f"引文范围 {start} 至 {end} 不在正文的 0 至 {length} 之内。"
        raise RefusedError(422, ErrorCode.INVALID_MESSAGE, reason)
    span = None if start is None or end is None else (start, end)
    return describe(stored, span, today())
