#include "console/problem.hpp"

#include <array>

#include "base/result.hpp"

namespace mis::console {
namespace {

struct Row {
    ProblemName name;
    int status;
    std::string_view text;
    std::string_view title_ru, title_en;
    std::string_view detail_ru, detail_en;
};

constexpr std::array kRows{
    Row{ProblemName::no_session, 401, "no_session", "Вы не вошли", "You are not signed in",
        "Войдите с логином и паролем.", "Sign in with login and password."},
    Row{ProblemName::wrong_login, 401, "wrong_login", "Логин или пароль неверны",
        "Login or password is wrong",
        "Проверьте раскладку и регистр. После пяти ошибок вход закрывается на 15 минут.",
        "See the keyboard layout and caps lock. After five failures signing in pauses for 15 "
        "minutes."},
    Row{ProblemName::paused, 429, "paused", "Вход временно закрыт", "Signing in is paused",
        "Было слишком много неверных попыток. Подождите 15 минут и попробуйте снова.",
        "There were too many failed attempts. Wait 15 minutes and try again."},
    Row{ProblemName::no_right, 403, "no_right", "Нет права на это действие",
        "You have no right to do this", "Попросите того, у кого есть нужная роль.",
        "Ask somebody who has the role."},
    Row{ProblemName::forged, 403, "forged", "Запрос пришёл не с нашей страницы",
        "The request did not come from our page",
        "Откройте консоль заново в этом же окне и повторите.",
        "Open the console anew in this window and try again."},
    Row{ProblemName::wrong_host, 421, "wrong_host", "Неизвестное имя сервера",
        "Unknown name of the server",
        "Откройте консоль по её адресу, или впишите это имя в console.hosts.",
        "Open the console by its address, or name this host in console.hosts."},
    Row{ProblemName::not_found, 404, "not_found", "Этого здесь нет", "There is no such thing here",
        "Проверьте адрес: запись могла быть закрыта или удалена.",
        "See the address: it may have been closed or removed."},
    Row{ProblemName::wrong_method, 405, "wrong_method", "Так сюда не обращаются",
        "Not a method of this address", "Обновите страницу.", "Reload the page."},
    Row{ProblemName::malformed, 400, "malformed", "Запрос не прочитан", "The request is unreadable",
        "Ожидается JSON в UTF-8.", "JSON in UTF-8 is expected."},
    Row{ProblemName::invalid, 422, "invalid", "Проверьте введённое", "See what was entered",
        "Исправьте отмеченные поля.", "Correct the fields that are named."},
    Row{ProblemName::changed, 412, "changed", "Кто-то успел раньше", "Somebody was faster",
        "Запись изменилась с тех пор, как вы её открыли. Откройте её снова.",
        "It has changed since you opened it. Open it again."},
    Row{ProblemName::precondition_required, 428, "precondition_required",
        "Не сказано, что именно вы видели", "It is not said what you saw",
        "Нужны заголовки If-Match и Idempotency-Key.",
        "The headers If-Match and Idempotency-Key are needed."},
    Row{ProblemName::too_many, 429, "too_many", "Слишком много запросов", "Too many requests",
        "Подождите немного и повторите.", "Wait a little and try again."},
    Row{ProblemName::too_large, 413, "too_large", "Слишком большой запрос",
        "The request is too large", "Не больше 64 КБ.", "64 KB at most."},
    Row{ProblemName::busy, 503, "busy", "Шлюз занят", "The gateway is busy",
        "Повторите через несколько секунд.", "Try again in some seconds."},
    Row{ProblemName::refused, 409, "refused", "Это решение не принято", "This decision was refused",
        "Правила шлюза этого не допускают.", "The gateway's rules do not allow it."},
    Row{ProblemName::internal, 500, "internal", "Внутренняя ошибка", "Internal error",
        "Сообщите номер запроса тому, кто обслуживает шлюз: в журнале есть причина.",
        "Tell the request number to who keeps the gateway: its log has the cause."},
};

const Row& row_of(ProblemName name) {
    for (const Row& row : kRows)
        if (row.name == name) return row;
    MIS_ASSERT(false);
}

}  // namespace

Language language_of(std::string_view accept_language) {
    const auto ru = accept_language.find("ru"), en = accept_language.find("en");
    return en != std::string_view::npos && (ru == std::string_view::npos || en < ru) ? Language::en
                                                                                     : Language::ru;
}

std::string_view name_of(ProblemName name) { return row_of(name).text; }

net::ServerAnswer answer_of(
    const Problem& problem, Language language, const std::string& request_number
) {
    const Row& row = row_of(problem.name);
    const bool russian = language == Language::ru;
    Json body = problem.more.is_object() ? problem.more : Json::object();
    body["type"] = "urn:mis-gateway:problem:" + std::string(row.text);
    body["title"] = russian ? row.title_ru : row.title_en;
    body["status"] = row.status;
    body["detail"] = !problem.detail.empty() ? std::string_view(problem.detail)
                     : russian               ? row.detail_ru
                                             : row.detail_en;
    body["instance"] = request_number;
    for (const Fault& fault : problem.errors)
        body["errors"].push_back({{"pointer", fault.pointer}, {"detail", fault.detail}});
    net::ServerAnswer answer;
    answer.status = row.status;
    answer.content_type = "application/problem+json";
    answer.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (problem.retry_seconds > 0)
        answer.headers.emplace_back("Retry-After", std::to_string(problem.retry_seconds));
    return answer;
}

}  // namespace mis::console
