#include "sim/language.h"

#include <stdio.h>
#include <string.h>

#include "sim/checks.h"
#include "sim/world.h"

/* By verb, or by what else is described. */
static const struct sim_word words[] = {
    {"history", "about", SIM_TEXT, SIM_MAY},
    {"history", "batch", SIM_COUNT, SIM_MAY},
    {"history", "breaks", SIM_TEXT, SIM_MAY},
    {"history", "care", SIM_FLAG, SIM_MAY},
    {"history", "check", SIM_CHECK_NAME, SIM_MAY},
    {"history", "devices", SIM_LIST, SIM_MUST},
    {"history", "events", SIM_LIST, SIM_MUST},
    {"history", "failure", SIM_TEXT, SIM_MAY},
    {"history", "open", SIM_LIST, SIM_MAY},
    {"history", "page_rows", SIM_COUNT, SIM_MAY},
    {"history", "schema", SIM_TEXT, SIM_MAY},
    {"history", "seed", SIM_COUNT, SIM_MAY},
    {"history", "serves", SIM_COUNT, SIM_MAY},
    {"history", "storage", SIM_OBJECT, SIM_MAY},
    {"history", "users", SIM_LIST, SIM_MUST},
    {"user", "name", SIM_TEXT, SIM_MUST},
    {"user", "role", SIM_TEXT, SIM_MUST},
    {"device", "name", SIM_TEXT, SIM_MUST},
    {"device", "operator", SIM_FLAG, SIM_MAY},
    {"device", "schema", SIM_COUNT, SIM_MAY},
    {"device", "service", SIM_FLAG, SIM_MAY},
    {"device", "user", SIM_USER_NAME, SIM_MUST},
    {"change", "delete", SIM_TEXT, SIM_SOME},
    {"change", "insert", SIM_TEXT, SIM_SOME},
    {"change", "row", SIM_TEXT, SIM_MAY},
    {"change", "undelete", SIM_TEXT, SIM_SOME},
    {"change", "undo", SIM_TEXT, SIM_SOME},
    {"change", "update", SIM_TEXT, SIM_SOME},
    {"change", "values", SIM_OBJECT, SIM_MAY},
    {"medicine", "daytime", SIM_DOSE, SIM_MAY},
    {"medicine", "duration", SIM_COUNT, SIM_MAY},
    {"medicine", "frequency", SIM_TEXT, SIM_MAY},
    {"medicine", "morning", SIM_DOSE, SIM_MAY},
    {"medicine", "name", SIM_TEXT, SIM_MAY},
    {"medicine", "night", SIM_DOSE, SIM_MAY},
    {"medicine", "prn", SIM_FLAG, SIM_MAY},
    {"medicine", "row", SIM_TEXT, SIM_MAY},
    {"medicine", "timing", SIM_TEXT, SIM_MAY},
    {"write", "bytes", SIM_COUNT, SIM_MAY},
    {"write", "changes", SIM_COUNT, SIM_MAY},
    {"write", "device", SIM_DEVICE_NAME, SIM_MUST},
    {"write", "fails", SIM_TEXT, SIM_MAY},
    {"write", "inferred", SIM_FLAG, SIM_MAY},
    {"write", "rows", SIM_LIST, SIM_SOME},
    {"write", "seed", SIM_COUNT, SIM_SOME},
    {"sync", "busy", SIM_COUNT, SIM_MAY},
    {"sync", "device", SIM_DEVICE_NAME, SIM_MUST},
    {"sync", "fails", SIM_TEXT, SIM_MAY},
    {"sync", "overtaken", SIM_FLAG, SIM_MAY},
    {"sync", "page_rows", SIM_COUNT, SIM_MAY},
    {"sync", "push_bytes", SIM_COUNT, SIM_MAY},
    {"sync", "stop", SIM_COUNT, SIM_MAY},
    {"sync", "token", SIM_USER_NAME, SIM_MAY},
    {"sync", "weather", SIM_LIST, SIM_MAY},
    {"pass", "days", SIM_COUNT, SIM_SOME},
    {"pass", "hours", SIM_COUNT, SIM_SOME},
    {"pass", "ms", SIM_COUNT, SIM_SOME},
    {"pass", "s", SIM_COUNT, SIM_SOME},
    {"clock", "device", SIM_MACHINE_NAME, SIM_MUST},
    {"clock", "off_days", SIM_NUMBER, SIM_SOME},
    {"clock", "off_s", SIM_NUMBER, SIM_SOME},
    {"clock", "reboot", SIM_FLAG, SIM_MAY},
    {"grant", "closed", SIM_FLAG, SIM_MAY},
    {"grant", "device", SIM_DEVICE_NAME, SIM_MUST},
    {"grant", "to", SIM_USER_NAME, SIM_MUST},
    {"kill", "at", SIM_COUNT, SIM_MAY},
    {"kill", "device", SIM_MACHINE_NAME, SIM_MUST},
    {"kill", "sync", SIM_COUNT, SIM_MAY},
    {"power", "at", SIM_COUNT, SIM_MAY},
    {"power", "device", SIM_MACHINE_NAME, SIM_MUST},
    {"power", "sync", SIM_COUNT, SIM_MAY},
    {"error", "at", SIM_COUNT, SIM_MAY},
    {"error", "device", SIM_MACHINE_NAME, SIM_MUST},
    {"error", "sync", SIM_COUNT, SIM_MAY},
    {"full", "at", SIM_COUNT, SIM_MAY},
    {"full", "device", SIM_MACHINE_NAME, SIM_MUST},
    {"full", "sync", SIM_COUNT, SIM_MAY},
    {"memory", "at", SIM_COUNT, SIM_MAY},
    {"memory", "device", SIM_MACHINE_NAME, SIM_MUST},
    {"room", "device", SIM_MACHINE_NAME, SIM_MAY},
    {"reopen", "device", SIM_MACHINE_NAME, SIM_MUST},
    {"reopen", "reboot", SIM_FLAG, SIM_MAY},
    {"upgrade", "alone", SIM_FLAG, SIM_MAY},
    {"upgrade", "device", SIM_MACHINE_NAME, SIM_MUST},
    {"backup", "device", SIM_MACHINE_NAME, SIM_MUST},
    {"backup", "told", SIM_FLAG, SIM_MAY},
    {"restore", "device", SIM_MACHINE_NAME, SIM_MUST},
    {"restore", "older", SIM_FLAG, SIM_MAY},
    {"clone", "device", SIM_DEVICE_NAME, SIM_MUST},
    {"clone", "from", SIM_DEVICE_NAME, SIM_MUST},
    {"erase", "user", SIM_USER_NAME, SIM_MUST},
    {"switch", "device", SIM_DEVICE_NAME, SIM_MUST},
    {"switch", "user", SIM_USER_NAME, SIM_MUST},
    {"decide", "device", SIM_DEVICE_NAME, SIM_MUST},
    {"decide", "discard", SIM_FLAG, SIM_MAY},
    {"decide", "retry", SIM_FLAG, SIM_MAY},
    {"decide", "seed", SIM_COUNT, SIM_MAY},
    {"care", "after_minutes", SIM_NUMBER, SIM_MAY},
    {"care", "anew", SIM_FLAG, SIM_MAY},
    {"care", "base", SIM_COUNT, SIM_MAY},
    {"care", "by", SIM_COUNT, SIM_MAY},
    {"care", "call", SIM_TEXT, SIM_MUST},
    {"care", "date", SIM_TEXT, SIM_MAY},
    {"care", "device", SIM_DEVICE_NAME, SIM_MUST},
    {"care", "end", SIM_TEXT, SIM_MAY},
    {"care", "grace", SIM_COUNT, SIM_MAY},
    {"care", "insist", SIM_FLAG, SIM_MAY},
    {"care", "limit", SIM_COUNT, SIM_MAY},
    {"care", "makes", SIM_COUNT, SIM_MAY},
    {"care", "meals", SIM_LIST, SIM_MAY},
    {"care", "medication", SIM_TEXT, SIM_MAY},
    {"care", "medicines", SIM_LIST, SIM_MAY},
    {"care", "minutes", SIM_LIST, SIM_MAY},
    {"care", "offline", SIM_FLAG, SIM_MAY},
    {"care", "patient", SIM_USER_NAME, SIM_MAY},
    {"care", "prescription", SIM_TEXT, SIM_MAY},
    {"care", "problem", SIM_TEXT, SIM_MAY},
    {"care", "reason", SIM_TEXT, SIM_MAY},
    {"care", "row", SIM_TEXT, SIM_MAY},
    {"care", "seed", SIM_COUNT, SIM_MAY},
    {"care", "slot", SIM_TEXT, SIM_MAY},
    {"care", "start", SIM_TEXT, SIM_MAY},
    {"care", "undated", SIM_FLAG, SIM_MAY},
    {"care", "urgent", SIM_TEXT, SIM_MAY},
    {"care", "zone", SIM_TEXT, SIM_MAY},
    {"job", "off_s", SIM_NUMBER, SIM_MAY},
    {"job", "seed", SIM_COUNT, SIM_MAY},
    {"job", "steps", SIM_COUNT, SIM_MAY},
    {"expect", "device", SIM_MACHINE_NAME, SIM_MUST},
    {"expect", "is", SIM_TEXT, SIM_MAY},
    {"expect", "locked", SIM_COUNT, SIM_SOME},
    {"expect", "pending", SIM_COUNT, SIM_SOME},
    {"expect", "quarantined", SIM_COUNT, SIM_SOME},
    {"expect", "sql", SIM_TEXT, SIM_SOME},
    {"settle", NULL, SIM_TEXT, SIM_MAY},
};

static const struct sim_dialect common = {words, sizeof words / sizeof *words};

/* What is being read: an object of the history, and what it is called in what is said of it. */
struct reading {
    json_t *history;
    const struct sim_dialect *dialect; /* NULL: none */
    struct sim_slip *slip;
};

static bool check_event(const struct reading *reading, json_t *event);

static bool slip(const struct reading *reading, const char *format, const char *a, const char *b)
{
    (void)snprintf(reading->slip->text, sizeof reading->slip->text, format, a, b);
    return false;
}

static bool is_named(json_t *list, const char *name)
{
    size_t index;
    json_t *item;

    json_array_foreach(list, index, item)
    {
        const char *found = json_string_value(json_object_get(item, "name"));

        if (found != NULL && strcmp(found, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_there(const struct reading *reading, enum sim_kind kind, const char *name)
{
    if (kind == SIM_CHECK_NAME) {
        return sim_is_check(name);
    }
    if (kind == SIM_USER_NAME) {
        return is_named(json_object_get(reading->history, "users"), name);
    }
    return (kind == SIM_MACHINE_NAME && strcmp(name, "server") == 0) ||
           is_named(json_object_get(reading->history, "devices"), name);
}

static bool is_of_kind(enum sim_kind kind, const json_t *value)
{
    switch (kind) {
    case SIM_NUMBER:
        return json_is_integer(value);
    case SIM_COUNT:
        return json_is_integer(value) && json_integer_value(value) >= 0;
    case SIM_FLAG:
        return json_is_boolean(value);
    case SIM_LIST:
    case SIM_EVENTS:
    case SIM_MACHINE_NAMES:
        return json_is_array(value);
    case SIM_OBJECT:
    case SIM_EVENT:
        return json_is_object(value);
    case SIM_DOSE:
        return json_is_boolean(value) || json_is_string(value);
    default:
        return json_is_string(value);
    }
}

static bool check_events(const struct reading *reading, json_t *events)
{
    size_t index;
    json_t *event;

    json_array_foreach(events, index, event)
    {
        if (!check_event(reading, event)) {
            return false;
        }
    }
    return true;
}

static bool check_machines(const struct reading *reading, json_t *names)
{
    size_t index;
    json_t *name;

    json_array_foreach(names, index, name)
    {
        const char *text = json_string_value(name);

        if (text == NULL || !is_there(reading, SIM_MACHINE_NAME, text)) {
            return slip(reading, "there is no device %s%s", text != NULL ? text : "(none)", "");
        }
    }
    return true;
}

static bool check_value(const struct reading *reading, const struct sim_word *word, json_t *value)
{
    static const char *const kinds[] = {[SIM_TEXT] = "a text",
                                        [SIM_NUMBER] = "a whole number",
                                        [SIM_COUNT] = "a whole number from 0 on",
                                        [SIM_FLAG] = "true or false",
                                        [SIM_LIST] = "a list",
                                        [SIM_OBJECT] = "an object",
                                        [SIM_DOSE] = "true, or \"before\" the meal",
                                        [SIM_EVENT] = "an event",
                                        [SIM_EVENTS] = "a list of events",
                                        [SIM_MACHINE_NAMES] = "a list of devices, or server",
                                        [SIM_DEVICE_NAME] = "the name of a device",
                                        [SIM_MACHINE_NAME] = "the name of a device, or server",
                                        [SIM_USER_NAME] = "the name of a user",
                                        [SIM_CHECK_NAME] = "the name of a check"};

    if (!is_of_kind(word->kind, value)) {
        return slip(reading, "%s is %s", word->key, kinds[word->kind]);
    }
    if (word->kind >= SIM_DEVICE_NAME && !is_there(reading, word->kind, json_string_value(value))) {
        return slip(reading,
                    word->kind == SIM_CHECK_NAME  ? "%s: there is no check %s"
                    : word->kind == SIM_USER_NAME ? "%s: there is no user %s"
                                                  : "%s: there is no device %s",
                    word->key,
                    json_string_value(value));
    }
    switch (word->kind) {
    case SIM_EVENT:
        return check_event(reading, value);
    case SIM_EVENTS:
        return check_events(reading, value);
    case SIM_MACHINE_NAMES:
        return check_machines(reading, value);
    default:
        return true;
    }
}

static const struct sim_word *
find(const struct sim_dialect *dialect, const char *verb, const char *key)
{
    for (size_t i = 0; i < dialect->count; i++) {
        const struct sim_word *word = &dialect->words[i];

        if (strcmp(word->verb, verb) == 0 &&
            (key == NULL || (word->key != NULL && strcmp(word->key, key) == 0))) {
            return word;
        }
    }
    return NULL;
}

/* In which the verb means something, if it does in any. */
static const struct sim_dialect *dialect_of(const struct reading *reading, const char *verb)
{
    return reading->dialect != NULL && find(reading->dialect, verb, NULL) != NULL ? reading->dialect
                                                                                  : &common;
}

/* What has to be there is, and of those of which one has to be, one is. */
static bool check_needs(const struct reading *reading, const char *verb, const json_t *object)
{
    const struct sim_dialect *dialect = dialect_of(reading, verb);
    const char *wanted = NULL;
    bool has_some = false;

    for (size_t i = 0; i < dialect->count; i++) {
        const struct sim_word *word = &dialect->words[i];
        bool is_given = word->key != NULL && json_object_get(object, word->key) != NULL;

        if (strcmp(word->verb, verb) != 0) {
            continue;
        }
        if (word->need == SIM_MUST && !is_given) {
            return slip(reading, "%s has no %s", verb, word->key);
        }
        if (word->need == SIM_SOME) {
            wanted = word->key;
            has_some = has_some || is_given;
        }
    }
    return wanted == NULL || has_some ||
           slip(reading, "%s asks for nothing: no %s or the like", verb, wanted);
}

static bool check_object(const struct reading *reading, const char *verb, json_t *object)
{
    const struct sim_dialect *dialect = dialect_of(reading, verb);
    const char *key;
    json_t *value;

    if (!json_is_object(object)) {
        return slip(reading, "%s is no object%s", verb, "");
    }
    json_object_foreach(object, key, value)
    {
        const struct sim_word *word = find(dialect, verb, key);

        if (word == NULL && strcmp(key, "do") != 0) {
            return slip(reading, "%s knows no %s", verb, key);
        }
        if (word != NULL && !check_value(reading, word, value)) {
            return false;
        }
    }
    return check_needs(reading, verb, object);
}

static bool check_list(const struct reading *reading, const char *verb, json_t *list)
{
    size_t index;
    json_t *item;

    json_array_foreach(list, index, item)
    {
        if (!check_object(reading, verb, item)) {
            return false;
        }
    }
    return true;
}

static bool check_event(const struct reading *reading, json_t *event)
{
    const char *verb = json_string_value(json_object_get(event, "do"));

    if (!json_is_object(event)) {
        return slip(reading, "an event is %s%s", "an object", "");
    }
    if (verb == NULL) {
        return slip(reading, "an event has no verb, in \"%s\"%s", "do", "");
    }
    if (find(dialect_of(reading, verb), verb, NULL) == NULL) {
        return slip(reading, "there is no verb %s%s", verb, "");
    }
    return check_object(reading, verb, event) &&
           check_list(reading, "change", json_object_get(event, "rows")) &&
           check_list(reading, "medicine", json_object_get(event, "medicines"));
}

/* Names are short, and each is somebody's alone. */
static bool check_names(const struct reading *reading, json_t *list)
{
    enum { NAME_MAX = sizeof((struct sim_device *)NULL)->name - 1 };
    size_t index;
    json_t *item;

    json_array_foreach(list, index, item)
    {
        const char *name = json_string_value(json_object_get(item, "name"));

        if (strlen(name) > NAME_MAX || name[0] == '\0') {
            return slip(reading, "the name \"%.100s\" is empty or too long%s", name, "");
        }
        for (size_t i = 0; i < index; i++) {
            json_t *other = json_object_get(json_array_get(list, i), "name");

            if (strcmp(name, json_string_value(other)) == 0) {
                return slip(reading, "two are called %s%s", name, "");
            }
        }
    }
    return true;
}

/* Whose records are open to whom, and whose storage is counted. */
static bool check_people(const struct reading *reading)
{
    json_t *pairs = json_object_get(reading->history, "open");
    const char *name;
    size_t index;
    json_t *item;

    json_array_foreach(pairs, index, item)
    {
        for (size_t i = 0; i < 2; i++) {
            name = json_string_value(json_array_get(item, i));
            if (name == NULL || !is_there(reading, SIM_USER_NAME, name)) {
                return slip(reading,
                            "open: there is no user %s%s",
                            name != NULL ? name : "(none)",
                            "");
            }
        }
    }
    json_object_foreach(json_object_get(reading->history, "storage"), name, item)
    {
        if (!is_there(reading, SIM_USER_NAME, name)) {
            return slip(reading, "storage: there is no user %s%s", name, "");
        }
    }
    return true;
}

bool sim_language_check(json_t *history, struct sim_slip *ret_slip)
{
    const struct reading reading = {.history = history, .slip = ret_slip};
    size_t index;
    json_t *event;

    *ret_slip = (struct sim_slip){0};
    if (!check_object(&reading, "history", history) ||
        !check_list(&reading, "user", json_object_get(history, "users")) ||
        !check_list(&reading, "device", json_object_get(history, "devices")) ||
        !check_names(&reading, json_object_get(history, "users")) ||
        !check_names(&reading, json_object_get(history, "devices")) || !check_people(&reading)) {
        return false;
    }
    json_array_foreach(json_object_get(history, "events"), index, event)
    {
        ret_slip->event = index + 1;
        if (!check_event(&reading, event)) {
            return false;
        }
    }
    return true;
}

bool sim_language_check_object(json_t *history,
                               const struct sim_dialect *dialect,
                               const char *what,
                               json_t *object,
                               struct sim_slip *ret_slip)
{
    const struct reading reading = {.history = history, .dialect = dialect, .slip = ret_slip};

    *ret_slip = (struct sim_slip){0};
    return check_object(&reading, what, object);
}
