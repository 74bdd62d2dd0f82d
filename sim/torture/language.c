/* What may be said of an operation, and of the verbs that only torture has. */
#include "sim/torture/torture.h"

static const struct sim_word words[] = {
    {"operation", "about", SIM_TEXT, SIM_MUST},
    {"operation", "always", SIM_EVENTS, SIM_MAY},
    {"operation", "base", SIM_TEXT, SIM_MUST},
    {"operation", "do", SIM_EVENTS, SIM_MUST},
    {"operation", "machines", SIM_MACHINE_NAMES, SIM_MUST},
    {"operation", "mute", SIM_FLAG, SIM_MAY},
    {"operation", "name", SIM_TEXT, SIM_MUST},
    {"operation", "quiet", SIM_FLAG, SIM_MAY},
    {"operation", "setup", SIM_EVENTS, SIM_MAY},
    {"operation", "unsynced", SIM_FLAG, SIM_MAY},
    {"operation", "whole", SIM_FLAG, SIM_MAY},
    {"empty", "device", SIM_MACHINE_NAME, SIM_MUST},
    {"open", "device", SIM_MACHINE_NAME, SIM_MUST},
    {"close", "device", SIM_MACHINE_NAME, SIM_MUST},
    {"newest", "device", SIM_MACHINE_NAME, SIM_MUST},
    {"crash", "at", SIM_COUNT, SIM_MUST},
    {"crash", "device", SIM_MACHINE_NAME, SIM_MUST},
    {"crash", "then", SIM_EVENTS, SIM_MUST},
    {"write", "device", SIM_DEVICE_NAME, SIM_MUST},
    {"write", "inferred", SIM_FLAG, SIM_MAY},
    {"write", "rows", SIM_LIST, SIM_MUST},
    {"sql", "device", SIM_DEVICE_NAME, SIM_MUST},
    {"sql", "sql", SIM_TEXT, SIM_MUST},
    {"rollback", "device", SIM_DEVICE_NAME, SIM_MUST},
    {"rollback", "sql", SIM_TEXT, SIM_MUST},
    {"follow", "column", SIM_TEXT, SIM_MUST},
    {"follow", "device", SIM_DEVICE_NAME, SIM_MUST},
    {"follow", "table", SIM_TEXT, SIM_MUST},
    {"read", "device", SIM_DEVICE_NAME, SIM_MUST},
    {"read", "sql", SIM_TEXT, SIM_MUST},
    {"read", "table", SIM_TEXT, SIM_MUST},
    {"retry", "device", SIM_DEVICE_NAME, SIM_MUST},
    {"discard", "device", SIM_DEVICE_NAME, SIM_MUST},
    {"reinstate", "device", SIM_DEVICE_NAME, SIM_MUST},
    {"reinstate", "sql", SIM_TEXT, SIM_MUST},
    {"sync", "device", SIM_DEVICE_NAME, SIM_MUST},
    {"sync", "page_rows", SIM_COUNT, SIM_MAY},
    {"sync", "push_bytes", SIM_COUNT, SIM_MAY},
    {"sync", "stop", SIM_COUNT, SIM_MAY},
    {"sync", "weather", SIM_LIST, SIM_MAY},
    {"erase", "device", SIM_MACHINE_NAME, SIM_MUST},
    {"erase", "person", SIM_USER_NAME, SIM_MUST},
    {"retain", "device", SIM_MACHINE_NAME, SIM_MUST},
    {"copy", "behind", SIM_EVENTS, SIM_MAY},
    {"copy", "between", SIM_EVENTS, SIM_MAY},
    {"copy", "device", SIM_MACHINE_NAME, SIM_MUST},
    {"copy", "idle", SIM_EVENT, SIM_MAY},
    {"care", "call", SIM_TEXT, SIM_MUST},
    {"care", "device", SIM_DEVICE_NAME, SIM_MUST},
    {"care", "sql", SIM_TEXT, SIM_MAY},
};

static const struct sim_dialect dialect = {words, sizeof words / sizeof *words};

bool torture_language_check(json_t *base, json_t *item, struct sim_slip *ret_slip)
{
    return sim_language_check_object(base, &dialect, "operation", item, ret_slip);
}
