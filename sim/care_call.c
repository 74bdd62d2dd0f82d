/* What an event says of a call, what its dice choose, and what files hold for it. */
#include "sim/care_call.h"
#include "base/hex.h"

#include <string.h>

#include "sim/look.h"

const char *care_text(const struct care_call *call, const char *key)
{
    return json_string_value(json_object_get(call->event, key));
}

int64_t care_number(const struct care_call *call, const char *key, int64_t none)
{
    json_t *value = json_object_get(call->event, key);

    return json_is_integer(value) ? json_integer_value(value) : none;
}

bool care_flag(const struct care_call *call, const char *key)
{
    return json_is_true(json_object_get(call->event, key));
}

bool care_chance(struct care_call *call, unsigned percent)
{
    return sim_chance(&call->dice, percent);
}

unsigned care_roll(struct care_call *call, unsigned below)
{
    return sim_roll(&call->dice, below);
}

static struct trn_bytes rows_of(struct care_call *call, sqlite3 *db, const char *sql)
{
    struct sim_world *world = call->world;
    sqlite3_stmt *stmt = sim_look_prepare(world, db, sql);
    struct trn_bytes rows = {0};

    if (stmt != NULL) {
        (void)sqlite3_bind_blob(stmt, 1, call->patient.bytes, 16, SQLITE_STATIC);
        (void)sqlite3_bind_int64(stmt, 2, call->now_us);
        (void)sqlite3_bind_blob(stmt, 3, call->subject.bytes, 16, SQLITE_STATIC);
        rows = sim_look_steps(world, stmt);
    }
    sim_look_away(world, call->device->index);
    return rows;
}

struct trn_bytes care_rows(struct care_call *call, const char *sql)
{
    return rows_of(call, sim_look(call->world, call->device->index), sql);
}

struct trn_bytes care_rows_warm(struct care_call *call, const char *sql)
{
    return rows_of(call, sim_look_warm(call->world, call->device->index), sql);
}

bool care_pick(struct care_call *call, const char *sql, tern_id *ret_id)
{
    struct trn_bytes rows = care_rows_warm(call, sql);
    size_t count = rows.size / 33;
    bool found =
        count > 0 &&
        trn_hex_decode(trn_slice_make(rows.data + 33 * care_roll(call, (unsigned)count), 32),
                       ret_id->bytes,
                       sizeof ret_id->bytes);

    trn_bytes_free(&rows);
    return found;
}
