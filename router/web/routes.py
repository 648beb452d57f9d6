"""The sign-in pages, signing out, the reader's language, and what makes an application serve pages at all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from router.errors import Refused, bad_request
from router.store import people
from router.store.database import Database
from router.web.assets import PREFIX, Assets
from router.web.ending import Ending
from router.web.forms import read_form
from router.web.guard import Guard, SignInNeeded
from router.web.headers import SecurityHeaders, with_microphone
from router.web.pages import Pages
from router.web.paths import local_path
from router.web.person import AUTO, LANGUAGES, Person
from router.web.sign_in import OIDC, LinkSpent, SignIn, SignInFailed
from router.web.texts import Texts

SEE_OTHER: Final = 303
OIDC_PROBLEMS: Final = (
    "unreachable", "not_begun", "cancelled", "failed", "busy", "unknown", "disabled", "no_role",
)  # fmt: skip
"""Why signing in with a provider came to nothing; each has a text."""
_LONGEST_TOKEN: Final = 100
_TOO_OFTEN: Final = {"sign_ins": "sign_in.busy", "guesses": "sign_in.guesses"}


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways to sign in: with a ``password``, and with a ``provider``, by what people call it."""

    password: bool = True
    provider: str | None = None


BY_PASSWORD: Final = Ways()


def install(app: FastAPI, assets: Assets) -> None:
    """Give an application what all pages need: assets under `/static`, security headers, the way to sign in."""
    app.mount(PREFIX, assets.files(), name="static")
    app.add_middleware(SecurityHeaders)

    @app.exception_handler(SignInNeeded)
    async def to_sign_in(_: Request, needed: SignInNeeded) -> Response:
        return RedirectResponse(needed.sign_in_page, SEE_OTHER, {"Cache-Control": "no-store"})


def routes(
    *,
    database: Database,
    sign_in: SignIn,
    guard: Guard,
    pages: Pages,
    ending: Ending,
    ways: Ways = BY_PASSWORD,
    service_numbers: Sequence[str] = (),
    listens: bool = False,
    queues: Collection[str] = (),
) -> APIRouter:
    """`/`, `/sign-in`, `/sign-in/link`, `/sign-out`, `/language`, and `/testphone`.

    ``ways`` are those that people may sign in by; ``service_numbers`` are offered by the test phone, the first one
    filled in; testers may speak where it ``listens``. ``queues`` are all there are.
    """
    router = APIRouter(include_in_schema=False)

    def sign_in_page(
        request: Request,
        status: int = 200,
        problem: str | None = None,
        login: str = "",
        wanted: str = "",
        refused: Refused | None = None,
    ) -> Response:
        values = {"next": local_path(wanted), "login": login, "problem": problem, "ways": ways, "minutes": 0}
        if refused is not None:
            values |= {"problem": _TOO_OFTEN.get(refused.code or ""), "minutes": refused.more.get("minutes", 0)}
        answer = pages.page(request, "web/sign_in.html", None, status, **values)
        answer.headers.update(refused.headers if refused else {})
        return answer

    @router.get("/")
    async def start(person: Person = Depends(guard.person)) -> Response:
        return RedirectResponse(person.home, SEE_OTHER)

    @router.get("/sign-in")
    async def form(request: Request, next: str = "", problem: str = "") -> Response:
        if await sign_in.whose(request.cookies.get(guard.cookie, "")):
            return RedirectResponse(local_path(next) or "/", SEE_OTHER)
        known = f"sign_in.oidc.{problem}" if problem in OIDC_PROBLEMS else None
        return sign_in_page(request, problem=known, wanted=next)

    @router.post("/sign-in")
    async def with_password(request: Request) -> Response:
        guard.same_origin(request)
        if not ways.password:
            return sign_in_page(request, 403, "sign_in.no_password")
        fields = await read_form(request)
        login, password, wanted = fields.get("login", "").strip(), fields.get("password", ""), fields.get("next", "")
        problem, status = "sign_in.incomplete", 422
        if login and password:
            try:
                address = request.client.host if request.client else None
                token, person = await sign_in.with_password(login, password, address, guard.known(request))
            except SignInFailed:
                problem, status = "sign_in.wrong", 403
            except Refused as refused:
                return sign_in_page(request, refused.status, refused=refused, login=login[:100], wanted=wanted)
            else:
                await ending.replaced(request, person.id)
                answer = RedirectResponse(local_path(wanted) or person.home, SEE_OTHER)
                guard.keep(answer, token)
                guard.remember(request, answer, person.login)
                return answer
        return sign_in_page(request, status, problem, login[:100], wanted)

    @router.get("/sign-in/link")
    async def link(request: Request) -> Response:
        return pages.page(request, "web/link.html")

    @router.post("/sign-in/link")
    async def with_link(request: Request) -> Response:
        guard.same_origin(request)
        link_token = (await read_form(request)).get("token", "")
        try:
            token, lands_on = await sign_in.with_link(link_token[:_LONGEST_TOKEN])
        except LinkSpent:
            return sign_in_page(request, 403, "link.spent")
        new = await sign_in.whose(token)
        await ending.replaced(request, new.person.id if new else "")
        answer = RedirectResponse(lands_on, SEE_OTHER)
        guard.keep(answer, token)
        if new is not None:
            guard.remember(request, answer, new.person.login)
        return answer

    @router.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        guard.same_origin(request)
        old = await ending.end(request)
        elsewhere = ways.provider is not None and old is not None and old.way == OIDC
        answer = RedirectResponse("/sign-in/oidc/signed-out" if elsewhere else "/sign-in", SEE_OTHER)
        guard.drop(answer)
        return answer

    @router.post("/language")
    async def language(request: Request, person: Person = Depends(guard.person)) -> Response:
        fields = await read_form(request)
        if fields.get("language") not in (*LANGUAGES, AUTO):
            raise bad_request(f"language is one of {', '.join((*LANGUAGES, AUTO))}.")
        async with database.begin() as connection:
            await people.change(connection, person.id, {"language": fields["language"]})
        return RedirectResponse(local_path(fields.get("back", "")) or person.home, SEE_OTHER)

    @router.get("/testphone")
    async def testphone(request: Request, person: Person = Depends(guard.supervisor)) -> Response:
        script = Texts(person.language).under("phone.js.")
        known: dict[str, Any] = {"service_numbers": list(service_numbers), "listens": listens}
        known["phone_queues"] = pages.queue_labels(queues, person.language)
        return with_microphone(pages.page(request, "web/testphone.html", person, script_texts=script, **known))

    return router
