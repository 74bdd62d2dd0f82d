/*
 * SQL: statements of the writer and of readers.
 *
 * Rows cross in batches of about BATCH_BYTES, so that a long read costs few crossings and little
 * memory. A batch: rows, 1 if more are to be asked for, then the cells row by row. Before the cells
 * of the first stand the names of the columns, for a table may have changed since the last run.
 */
#include "bindings/jni/src/bridge.h"

enum { BATCH_BYTES = 48 * 1024, PARAMETERS_MAX = 32766 };

/* Counts the parameters, and leaves all of them null. */
static int32_t count_parameters(tern_statement *statement)
{
    int32_t count = 0;

    while (count < PARAMETERS_MAX &&
           tern_statement_bind(statement, count + 1, tern_value_null(), NULL) == TERN_OK) {
        count++;
    }
    return count;
}

/* The names' size in bytes, how many there are, and each. */
static void put_names(struct bridge_call *call, tern_statement *statement)
{
    size_t head = call->out.size;
    int columns = tern_statement_columns(statement);

    bridge_put_int(call, 0);
    bridge_put_int(call, columns);
    for (int i = 0; i < columns; i++) {
        bridge_put_text(call, tern_statement_name(statement, i));
    }
    bridge_set_int(call, head, (int32_t)(call->out.size - head - sizeof(int32_t)));
}

static tern_status describe(struct bridge_call *call, tern_statement *statement, tern_status status)
{
    if (status != TERN_OK) {
        return status;
    }
    bridge_put_opened(call, statement, bridge_statementFree);
    bridge_put_int(call, count_parameters(statement));
    put_names(call, statement);
    return TERN_OK;
}

tern_status bridge_statementPrepare(struct bridge_call *call)
{
    size_t size;
    const char *sql = (const char *)bridge_bytes(call, &size);
    tern_statement *statement = NULL;
    tern_status status =
        tern_statement_prepare(call->handle, sql, size, &statement, &call->error.error);

    return describe(call, statement, status);
}

tern_status bridge_readerPrepare(struct bridge_call *call)
{
    size_t size;
    const char *sql = (const char *)bridge_bytes(call, &size);
    tern_statement *statement = NULL;
    tern_status status =
        tern_reader_prepare(call->handle, sql, size, &statement, &call->error.error);

    return describe(call, statement, status);
}

static tern_status batch(struct bridge_call *call, bool first)
{
    tern_statement *statement = call->handle;
    size_t head = call->out.size;
    int columns = 0;
    int32_t rows = 0;
    bool ready = true;

    bridge_put_int(call, 0);
    bridge_put_int(call, 0);
    while (call->out.size < BATCH_BYTES && !call->out.failed) {
        tern_status status = tern_statement_step(statement, &ready, &call->error.error);

        if (status != TERN_OK) {
            return status;
        }
        if (rows == 0) { // not before the step, which compiles again where a table has changed
            columns = tern_statement_columns(statement);
            if (first) {
                put_names(call, statement);
            }
        }
        if (!ready) {
            break;
        }
        for (int i = 0; i < columns; i++) {
            tern_value value = tern_statement_value(statement, i);

            bridge_put_value(call, &value);
        }
        rows++;
    }
    if (call->out.failed) {
        tern_statement_reset(statement);
    }
    bridge_set_int(call, head, rows);
    bridge_set_int(call, head + sizeof(int32_t), ready);
    return TERN_OK;
}

tern_status bridge_statementRun(struct bridge_call *call)
{
    int32_t count = bridge_int(call);
    tern_status status = TERN_OK;

    for (int32_t i = 0; status == TERN_OK && i < count; i++) {
        tern_value value = bridge_value(call);

        status = bridge_check(call);
        if (status == TERN_OK) {
            status = tern_statement_bind(call->handle, i + 1, value, &call->error.error);
        }
    }
    return status == TERN_OK ? batch(call, true) : status;
}

tern_status bridge_statementMore(struct bridge_call *call)
{
    return batch(call, false);
}

tern_status bridge_statementReset(struct bridge_call *call)
{
    tern_statement_reset(call->handle);
    return TERN_OK;
}

tern_status bridge_statementFree(struct bridge_call *call)
{
    tern_statement_free(call->handle);
    return TERN_OK;
}

tern_status bridge_readerOpen(struct bridge_call *call)
{
    tern_reader *reader = NULL;
    tern_status status = tern_reader_open(call->handle, &reader, &call->error.error);

    bridge_put_opened(call, reader, bridge_readerClose);
    return status;
}

tern_status bridge_readerClose(struct bridge_call *call)
{
    tern_reader_close(call->handle);
    return TERN_OK;
}

tern_status bridge_readerBegin(struct bridge_call *call)
{
    return tern_reader_begin(call->handle, &call->error.error);
}

tern_status bridge_readerEnd(struct bridge_call *call)
{
    tern_reader_end(call->handle);
    return TERN_OK;
}
