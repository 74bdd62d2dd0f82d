#include "sim/language.h"

#include <stdio.h>
#include <string.h>

#include "sim/checks.h"
#include "sim/world.h"

enum kind {
    TEXT,
    NUMBER,
    COUNT, /* a number, and none below 0 */
    FLAG,
    LIST,
    OBJECT,
    DOSE, /* true, or how it goes with the meal */
    DEVICE,
    MACHINE, /* a device, or the server */
    USER,
    CHECK
};

enum need { MAY, MUST, SOME /* one of these of its verb */ };

struct word {
    const char *verb; /* or what else it belongs to */
    const char *key;
    enum kind kind;
    enum need need;
};

/* By verb, or by what else is described. */
static const struct word words[] = {
    {"history", "about", TEXT, MAY},
    {"history", "breaks", TEXT, MAY},
    {"history", "care", FLAG, MAY},
    {"history", "check", CHECK, MAY},
    {"history", "devices", LIST, MUST},
    {"history", "events", LIST, MUST},
    {"history", "failure", TEXT, MAY},
    {"history", "open", LIST, MAY},
    {"history", "page_rows", COUNT, MAY},
    {"history", "schema", TEXT, MAY},
    {"history", "seed", COUNT, MAY},
    {"history", "serves", COUNT, MAY},
    {"history", "storage", OBJECT, MAY},
    {"history", "users", LIST, MUST},
    {"user", "name", TEXT, MUST},
    {"user", "role", TEXT, MUST},
    {"device", "name", TEXT, MUST},
    {"device", "operator", FLAG, MAY},
    {"device", "schema", COUNT, MAY},
    {"device", "service", FLAG, MAY},
    {"device", "user", USER, MUST},
    {"change", "delete", TEXT, SOME},
    {"change", "insert", TEXT, SOME},
    {"change", "row", TEXT, MAY},
    {"change", "undelete", TEXT, SOME},
    {"change", "undo", TEXT, SOME},
    {"change", "update", TEXT, SOME},
    {"change", "values", OBJECT, MAY},
    {"medicine", "daytime", DOSE, MAY},
    {"medicine", "duration", COUNT, MAY},
    {"medicine", "frequency", TEXT, MAY},
    {"medicine", "morning", DOSE, MAY},
    {"medicine", "name", TEXT, MAY},
    {"medicine", "night", DOSE, MAY},
    {"medicine", "prn", FLAG, MAY},
    {"medicine", "row", TEXT, MAY},
    {"medicine", "timing", TEXT, MAY},
    {"write", "bytes", COUNT, MAY},
    {"write", "changes", COUNT, MAY},
    {"write", "device", DEVICE, MUST},
    {"write", "fails", TEXT, MAY},
    {"write", "inferred", FLAG, MAY},
    {"write", "rows", LIST, SOME},
    {"write", "seed", COUNT, SOME},
    {"sync", "busy", COUNT, MAY},
    {"sync", "device", DEVICE, MUST},
    {"sync", "fails", TEXT, MAY},
    {"sync", "overtaken", FLAG, MAY},
    {"sync", "page_rows", COUNT, MAY},
    {"sync", "push_bytes", COUNT, MAY},
    {"sync", "stop", COUNT, MAY},
    {"sync", "token", USER, MAY},
    {"sync", "weather", LIST, MAY},
    {"pass", "days", COUNT, SOME},
    {"pass", "hours", COUNT, SOME},
    {"pass", "ms", COUNT, SOME},
    {"pass", "s", COUNT, SOME},
    {"clock", "device", DEVICE, MUST},
    {"clock", "off_days", NUMBER, SOME},
    {"clock", "off_s", NUMBER, SOME},
    {"grant", "closed", FLAG, MAY},
    {"grant", "device", DEVICE, MUST},
    {"grant", "to", USER, MUST},
    {"kill", "at", COUNT, MAY},
    {"kill", "device", MACHINE, MUST},
    {"kill", "sync", COUNT, MAY},
    {"power", "at", COUNT, MAY},
    {"power", "device", MACHINE, MUST},
    {"power", "sync", COUNT, MAY},
    {"error", "at", COUNT, MAY},
    {"error", "device", MACHINE, MUST},
    {"error", "sync", COUNT, MAY},
    {"full", "at", COUNT, MAY},
    {"full", "device", MACHINE, MUST},
    {"full", "sync", COUNT, MAY},
    {"memory", "at", COUNT, MAY},
    {"memory", "device", MACHINE, MUST},
    {"room", "device", MACHINE, MAY},
    {"reopen", "device", MACHINE, MUST},
    {"reopen", "reboot", FLAG, MAY},
    {"upgrade", "device", MACHINE, MUST},
    {"backup", "device", MACHINE, MUST},
    {"backup", "told", FLAG, MAY},
    {"restore", "device", MACHINE, MUST},
    {"restore", "older", FLAG, MAY},
    {"clone", "device", DEVICE, MUST},
    {"clone", "from", DEVICE, MUST},
    {"erase", "user", USER, MUST},
    {"switch", "device", DEVICE, MUST},
    {"switch", "user", USER, MUST},
    {"decide", "device", DEVICE, MUST},
    {"decide", "discard", FLAG, MAY},
    {"decide", "retry", FLAG, MAY},
    {"decide", "seed", COUNT, MAY},
    {"care", "after_minutes", NUMBER, MAY},
    {"care", "anew", FLAG, MAY},
    {"care", "base", COUNT, MAY},
    {"care", "by", COUNT, MAY},
    {"care", "call", TEXT, MUST},
    {"care", "date", TEXT, MAY},
    {"care", "device", DEVICE, MUST},
    {"care", "end", TEXT, MAY},
    {"care", "grace", COUNT, MAY},
    {"care", "insist", FLAG, MAY},
    {"care", "limit", COUNT, MAY},
    {"care", "makes", COUNT, MAY},
    {"care", "meals", LIST, MAY},
    {"care", "medication", TEXT, MAY},
    {"care", "medicines", LIST, MAY},
    {"care", "minutes", LIST, MAY},
    {"care", "offline", FLAG, MAY},
    {"care", "patient", USER, MAY},
    {"care", "prescription", TEXT, MAY},
    {"care", "problem", TEXT, MAY},
    {"care", "reason", TEXT, MAY},
    {"care", "row", TEXT, MAY},
    {"care", "seed", COUNT, MAY},
    {"care", "slot", TEXT, MAY},
    {"care", "start", TEXT, MAY},
    {"care", "undated", FLAG, MAY},
    {"care", "urgent", TEXT, MAY},
    {"care", "zone", TEXT, MAY},
    {"job", "off_s", NUMBER, MAY},
    {"job", "seed", COUNT, MAY},
    {"job", "steps", COUNT, MAY},
    {"expect", "device", MACHINE, MUST},
    {"expect", "is", TEXT, MAY},
    {"expect", "locked", COUNT, SOME},
    {"expect", "pending", COUNT, SOME},
    {"expect", "quarantined", COUNT, SOME},
    {"expect", "sql", TEXT, SOME},
    {"settle", NULL, TEXT, MAY},
};

enum { WORDS = sizeof words / sizeof *words };

/* What is being read: an object of the history, and what it is called in what is said of it. */
struct reading {
    json_t *history;
    struct sim_slip *slip;
};

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

static bool is_there(const struct reading *reading, enum kind kind, const char *name)
{
    if (kind == CHECK) {
        return sim_is_check(name);
    }
    if (kind == USER) {
        return is_named(json_object_get(reading->history, "users"), name);
    }
    return (kind == MACHINE && strcmp(name, "server") == 0) ||
           is_named(json_object_get(reading->history, "devices"), name);
}

static bool is_of_kind(enum kind kind, const json_t *value)
{
    switch (kind) {
    case NUMBER:
        return json_is_integer(value);
    case COUNT:
        return json_is_integer(value) && json_integer_value(value) >= 0;
    case FLAG:
        return json_is_boolean(value);
    case LIST:
        return json_is_array(value);
    case OBJECT:
        return json_is_object(value);
    case DOSE:
        return json_is_boolean(value) || json_is_string(value);
    default:
        return json_is_string(value);
    }
}

static bool check_value(const struct reading *reading, const struct word *word, const json_t *value)
{
    static const char *const kinds[] = {[TEXT] = "a text",
                                        [NUMBER] = "a whole number",
                                        [COUNT] = "a whole number from 0 on",
                                        [FLAG] = "true or false",
                                        [LIST] = "a list",
                                        [OBJECT] = "an object",
                                        [DOSE] = "true, or \"before\" the meal",
                                        [DEVICE] = "the name of a device",
                                        [MACHINE] = "the name of a device, or server",
                                        [USER] = "the name of a user",
                                        [CHECK] = "the name of a check"};

    if (!is_of_kind(word->kind, value)) {
        return slip(reading, "%s is %s", word->key, kinds[word->kind]);
    }
    if (word->kind >= DEVICE && !is_there(reading, word->kind, json_string_value(value))) {
        return slip(reading,
                    word->kind == CHECK  ? "%s: there is no check %s"
                    : word->kind == USER ? "%s: there is no user %s"
                                         : "%s: there is no device %s",
                    word->key,
                    json_string_value(value));
    }
    return true;
}

static const struct word *find(const char *verb, const char *key)
{
    for (size_t i = 0; i < WORDS; i++) {
        if (strcmp(words[i].verb, verb) == 0 &&
            (key == NULL || (words[i].key != NULL && strcmp(words[i].key, key) == 0))) {
            return &words[i];
        }
    }
    return NULL;
}

/* What has to be there is, and of those of which one has to be, one is. */
static bool check_needs(const struct reading *reading, const char *verb, const json_t *object)
{
    const char *wanted = NULL;
    bool has_some = false;

    for (size_t i = 0; i < WORDS; i++) {
        bool is_given = words[i].key != NULL && json_object_get(object, words[i].key) != NULL;

        if (strcmp(words[i].verb, verb) != 0) {
            continue;
        }
        if (words[i].need == MUST && !is_given) {
            return slip(reading, "%s has no %s", verb, words[i].key);
        }
        if (words[i].need == SOME) {
            wanted = words[i].key;
            has_some = has_some || is_given;
        }
    }
    return wanted == NULL || has_some ||
           slip(reading, "%s asks for nothing: no %s or the like", verb, wanted);
}

static bool check_object(const struct reading *reading, const char *verb, json_t *object)
{
    const char *key;
    json_t *value;

    if (!json_is_object(object)) {
        return slip(reading, "%s is no object%s", verb, "");
    }
    json_object_foreach(object, key, value)
    {
        const struct word *word = find(verb, key);

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
    if (find(verb, NULL) == NULL) {
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
            if (name == NULL || !is_there(reading, USER, name)) {
                return slip(reading,
                            "open: there is no user %s%s",
                            name != NULL ? name : "(none)",
                            "");
            }
        }
    }
    json_object_foreach(json_object_get(reading->history, "storage"), name, item)
    {
        if (!is_there(reading, USER, name)) {
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
