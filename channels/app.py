"""The composition root: one process's settings, service and routes become one ASGI application.

uvicorn --factory channels.app:create_app
"""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import FrameType

import anyio
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from bot.conversations import Conversations
from bot.people import open_people
from bot.profiles.desk import open_profile_desk
from bot.settings import Settings, read_settings
from channels.desk.socket import desk
from channels.limiting import LookUpLimits, RateLimits
from channels.logs import configure_logging
from channels.metrics import Metrics
from channels.people_counter import PeopleCounter
from channels.people_jobs import tend_people
from channels.protocol import MAX_FRAME_BYTES
from channels.reception import Backend, Library, Reception
from channels.web import rest, tickets
from channels.web.errors import install_error_handlers
from channels.web.guards import BodyLimit, SecurityHeaders
from channels.web.page import STATIC, chat_page
from channels.web.socket import chat

DESCRIPTION = """\
政务咨询接口。回答摘自提问当日在提问人所在地区有效的文件，`quote` 与原文逐字一致；答不了时如实说明。

- 一问一答：`POST /api/v1/ask`
- 连续对话：WebSocket `/ws/v1/chat`（消息格式见 `docs/asyncapi.yaml`），坐席用 `/ws/v1/desk`
- 出错时：`{"error": {"code", "message", "trace_id"}}`，`code` 供程序判断，`message` 供人阅读
"""


def create_app(
    settings: Settings | None = None,
    service: Backend | None = None,
    *,
    library: Library | None = None,
    engine: Engine | None = None,
) -> FastAPI:
    """Make the application. What is not given is read and opened when the server starts.

    Raises:
        SettingsError: If the settings are wrong.
    """
    settings = settings or read_settings()
    configure_logging(settings.log_level)
    limits, lookups = RateLimits(settings.rate_limit), LookUpLimits()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        from knowledge_base.database import open_database
        from knowledge_base.store import KnowledgeStore

        database = engine or open_database(settings.sqlalchemy_url)
        people = open_people(settings, database)
        reception = Reception(
            settings=settings,
            conversations=Conversations(database),
            people=people,
            counter=PeopleCounter(people, lookups, max_chars=settings.max_question_chars),
            profiles=open_profile_desk(settings, database),
            library=library or KnowledgeStore(database),
            limits=limits,
            metrics=Metrics(),
            answering=anyio.CapacityLimiter(max(2, os.cpu_count() or 1)),
            open_backend=lambda: _open_backend(settings),
            backend=service,
        )
        app.state.reception = reception
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(reception.load)
            tasks.start_soon(tend_people, reception)
            loop = asyncio.get_running_loop()
            with _on_stop_signal(lambda: loop.call_soon_threadsafe(reception.closing.set)):
                yield
            reception.closing.set()
            tasks.cancel_scope.cancel()
        if reception.backend is not None:
            reception.backend.close()
        database.dispose()

    app = FastAPI(
        title="问政 Wenzheng",
        version="1",
        description=DESCRIPTION,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.include_router(rest.router)
    app.include_router(tickets.router)
    app.add_api_websocket_route("/ws/v1/chat", chat)
    app.add_api_websocket_route("/ws/v1/desk", desk)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    @app.get("/", include_in_schema=False)
    async def index() -> HTMLResponse:
        reception: Reception = app.state.reception
        page = chat_page(settings, home_region=await reception.home_region())
        return HTMLResponse(page, headers={"Cache-Control": "no-cache"})

    install_error_handlers(app)
    app.add_middleware(BodyLimit, max_bytes=MAX_FRAME_BYTES)
    if settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Content-Type"],
        )
    app.add_middleware(SecurityHeaders, allowed_origins=settings.allowed_origins)
    return app


def _open_backend(settings: Settings) -> Backend:
    from bot.assembly import open_service

    return open_service(settings, follow=True)


@contextmanager
def _on_stop_signal(act: Callable[[], object]) -> Iterator[None]:
    """Let open connections say goodbye (1001) before the server cuts them; what was there still runs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def stop(number: int, frame: FrameType | None) -> None:
        act()
        handler = previous[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number in previous:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
