/* The work that the bindings' costs are measured by, in C.
 */
#include "bindings/bench/include/same.h"

#include <string.h>

#include "tern/platform.h"
#include "tern/tern.h"

const char *const same_scan =
    "SELECT id, role, first_name, last_name, full_name, gender, date_of_birth, created_at, "
    "grace_period_minutes, time_zone FROM users";
const char *const same_insert =
    "INSERT INTO users(id, role, first_name, last_name, full_name, created_at) VALUES(?, "
    "'DOCTOR', ?, ?, ?, ?)";

tern_replica *same_open(const char *path, const void *schema, size_t schema_size)
{
    tern_replica *replica = NULL;
    tern_ports ports = {.size = sizeof ports};
    tern_replica_options options = {.size = sizeof options,
                                    .schema = schema,
                                    .schema_size = schema_size,
                                    .user = {{1}},
                                    .ports = &ports};

    tern_platform_ports(&ports);
    return tern_replica_open(path, &options, &replica, NULL) == TERN_OK ? replica : NULL;
}

void same_close(tern_replica *replica)
{
    tern_replica_close(replica);
}

static int64_t taste(const tern_value *value)
{
    if (value->kind == TERN_INTEGER) {
        return value->integer;
    }
    return value->kind == TERN_NULL ? 1 : (int64_t)value->size;
}

static tern_status scan(tern_statement *statement, int64_t *ret_sum)
{
    int columns = tern_statement_columns(statement);
    bool row = false;

    for (;;) {
        tern_status status = tern_statement_step(statement, &row, NULL);

        if (status != TERN_OK || !row) {
            return status;
        }
        for (int i = 0; i < columns; i++) {
            tern_value value = tern_statement_value(statement, i);

            *ret_sum += taste(&value);
        }
    }
}

int64_t same_read(tern_replica *replica)
{
    tern_reader *reader = NULL;
    tern_statement *statement = NULL;
    int64_t sum = 0;
    tern_status status = tern_reader_open(replica, &reader, NULL);

    if (status == TERN_OK) {
        status = tern_reader_prepare(reader, same_scan, strlen(same_scan), &statement, NULL);
    }
    if (status == TERN_OK) {
        status = scan(statement, &sum);
    }
    tern_statement_free(statement);
    tern_reader_close(reader);
    return status == TERN_OK ? sum : -1;
}

static tern_status insert(tern_statement *statement, int64_t number)
{
    static const char *const texts[] = {"Dara", "Sok", "Sok Dara"};
    tern_id id = {{0}};
    bool row = false;
    tern_status status;

    for (size_t i = 0; i < sizeof number; i++) {
        id.bytes[15 - i] = (uint8_t)(number >> (8 * i));
    }
    status = tern_statement_bind(statement, 1, tern_value_id(&id), NULL);
    for (int i = 0; status == TERN_OK && i < 3; i++) {
        status = tern_statement_bind(statement, i + 2, tern_value_text(texts[i]), NULL);
    }
    if (status == TERN_OK) {
        status = tern_statement_bind(statement, 5, tern_value_integer(number), NULL);
    }
    return status == TERN_OK ? tern_statement_step(statement, &row, NULL) : status;
}

bool same_write(tern_replica *replica, int64_t first, int64_t count)
{
    tern_statement *statement = NULL;
    tern_tx *tx = NULL;
    tern_status status = tern_tx_begin(replica, NULL, &tx, NULL);

    if (status == TERN_OK) {
        status =
            tern_statement_prepare(replica, same_insert, strlen(same_insert), &statement, NULL);
    }
    for (int64_t i = 0; status == TERN_OK && i < count; i++) {
        status = insert(statement, first + i);
    }
    tern_statement_free(statement);
    if (status == TERN_OK) {
        return tern_tx_commit(tx, NULL, NULL) == TERN_OK;
    }
    tern_tx_rollback(tx);
    return false;
}
