"""Tickets over REST: look one up, and what another system (a 12345 platform) reports about one."""

import time
from typing import Annotated, Literal

from anyio import to_thread
from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.tickets.records import Ticket, TicketProgress
from bot.tickets.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, TOLERANCE_S, is_signed
from bot.tickets.states import TicketStep
from channels.people_counter import Refusal
from channels.people_protocol import TicketCode, TicketNumber
from channels.protocol import ErrorCode, describe_faults
from channels.reception import Reception
from channels.web.errors import ErrorBody, RefusedError
from knowledge_base.errors import DeskError, IllegalTicketStep

router = APIRouter(tags=["工单"])

_STATUS = {ErrorCode.RATE_LIMITED: 429, ErrorCode.NOT_FOUND: 404}


class LookUp(BaseModel):
    """Number and code of a ticket."""

    model_config = ConfigDict(extra="forbid")

    number: TicketNumber
    code: TicketCode


class Report(BaseModel):
    """What the other system did with a ticket; `delivery` is its own, and is carried out once."""

    model_config = ConfigDict(extra="forbid")

    delivery: str = Field(min_length=1, max_length=100)
    number: TicketNumber
    step: TicketStep = Field(description="accept 受理，reply 答复，close 办结，reopen 重新打开")
    text: str = Field(default="", max_length=5000, description="告诉市民的话；答复必填")
    external_id: str = Field(default="", max_length=100, description="对方的编号")
    actor: str = Field(default="", max_length=50, description="对方的经办单位")


class Taken(BaseModel):
    """The report is carried out, now or before."""

    number: str
    status: Literal["open", "handling", "replied", "closed"]


@router.post(
    "/api/v1/tickets/lookup",
    summary="凭编号和查询码查看工单",
    responses={404: {"model": ErrorBody}, 429: {"model": ErrorBody}},
)
async def look_up(request: Request, body: LookUp) -> TicketProgress:
    """POST, so that the code stands in no address and no log."""
    reception: Reception = request.app.state.reception
    address = request.client.host if request.client else ""
    found = await to_thread.run_sync(reception.counter.find, body.number, body.code, address)
    if isinstance(found, Refusal):
        retry = {"Retry-After": str(round(found.retry_after_s))} if found.retry_after_s else None
        raise RefusedError(_STATUS[found.code], found.code, found.message, retry)
    return found


@router.post(
    "/api/v1/tickets/webhook",
    summary="对方系统回报工单的办理",
    description=f"签名 `{SIGNATURE_HEADER}: sha256=…`：对 `{TIMESTAMP_HEADER}` 的值、一个点、请求体连起来"
    "求 HMAC-SHA256（十六进制，密钥为 `WENZHENG_WEBHOOK_SECRET`）；"
    f"时间与本机相差不超过 {TOLERANCE_S} 秒。同一 `delivery` 只生效一次。",
    responses={401: {"model": ErrorBody}, 404: {"model": ErrorBody}, 409: {"model": ErrorBody}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": Report.model_json_schema()}},
        }
    },
)
async def take_report(
    request: Request,
    timestamp: Annotated[str, Header(alias=TIMESTAMP_HEADER)] = "",
    signature: Annotated[str, Header(alias=SIGNATURE_HEADER)] = "",
) -> Taken:
    """The signature is over the body as it was sent, so it is checked before anything is read of it."""
    reception: Reception = request.app.state.reception
    secret = reception.settings.webhook_secret.get_secret_value()
    body = await request.body()
    if not is_signed(secret, timestamp, signature, body, now_s=time.time()):
        raise RefusedError(401, ErrorCode.REFUSED, "签名不对，或者时间相差太远。")
    try:
        report = Report.model_validate_json(body)
    except ValidationError as error:
        faults = describe_faults(error.errors(include_url=False, include_input=False))
        raise RefusedError(422, ErrorCode.INVALID_MESSAGE, faults) from None
    ticket = await to_thread.run_sync(_carry_out, reception, report)
    if ticket.conversation_id:
        reception.bells.ring(ticket.conversation_id)
    return Taken(number=ticket.number, status=ticket.status.value)


def _carry_out(reception: Reception, report: Report) -> Ticket:
    try:
        return reception.people.tickets.take(
            report.number,
            report.step,
            actor=report.actor or "外部系统",
            text=report.text,
            from_outside=True,
            external_id=report.external_id,
            delivery_id=report.delivery,
        )
    except IllegalTicketStep as error:
        raise RefusedError(409, ErrorCode.REFUSED, str(error)) from error
    except DeskError as error:
        raise RefusedError(404, ErrorCode.NOT_FOUND, str(error)) from error
