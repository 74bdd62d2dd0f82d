/* SQL statements of the writer and of readers. */
#include "api/internal.h"

#include "base/memory.h"

static void enter(tern_statement *statement)
{
    if (statement->reader == NULL) {
        trn_replica_enter(statement->replica);
    }
}

static void leave(tern_statement *statement)
{
    if (statement->reader == NULL) {
        trn_replica_leave(statement->replica);
    }
}

static tern_status new_statement(tern_replica *replica,
                                 tern_reader *reader,
                                 struct trn_slice sql,
                                 tern_statement **ret_statement,
                                 tern_error *error)
{
    tern_statement *statement = trn_calloc(1, sizeof(*statement));
    tern_status status;

    if (statement == NULL) {
        return trn_fail_nomem(error);
    }
    statement->replica = replica;
    statement->reader = reader;
    enter(statement);
    status = reader != NULL ? trn_reader_prepare(reader->inner, sql, &statement->inner, error)
                            : trn_statement_prepare(replica->store, sql, &statement->inner, error);
    leave(statement);
    if (status != TERN_OK) {
        trn_free(statement);
        return status;
    }
    if (reader != NULL) {
        reader->statements++;
    }
    *ret_statement = statement;
    return TERN_OK;
}

/* What a reader holds for a statement outlives its closing, but gives no row any more. */
static tern_status check_open(const tern_statement *statement, tern_error *error)
{
    return statement->reader != NULL && statement->reader->is_closed
               ? trn_fail(error, TERN_ERR_MISUSE, "the statement's reader is closed")
               : TERN_OK;
}

tern_status tern_statement_prepare(tern_replica *replica,
                                   const char *sql,
                                   size_t sql_size,
                                   tern_statement **ret_statement,
                                   tern_error *error)
{
    trn_error_clear(error);
    if (replica == NULL || sql == NULL || ret_statement == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "a replica, SQL and a result are needed");
    }
    return new_statement(replica, NULL, trn_slice_make(sql, sql_size), ret_statement, error);
}

tern_status tern_reader_prepare(tern_reader *reader,
                                const char *sql,
                                size_t sql_size,
                                tern_statement **ret_statement,
                                tern_error *error)
{
    trn_error_clear(error);
    if (reader == NULL || sql == NULL || ret_statement == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "a reader, SQL and a result are needed");
    }
    return new_statement(reader->replica,
                         reader,
                         trn_slice_make(sql, sql_size),
                         ret_statement,
                         error);
}

tern_status
tern_statement_bind(tern_statement *statement, int index, tern_value value, tern_error *error)
{
    tern_status status;

    trn_error_clear(error);
    if (statement == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "a statement is needed");
    }
    status = check_open(statement, error);
    if (status != TERN_OK) {
        return status;
    }
    enter(statement);
    status = trn_statement_bind(statement->inner, index, value, error);
    leave(statement);
    return status;
}

/* A write outside a transaction is one of its own. */
static tern_status run_alone(tern_statement *statement, tern_error *error)
{
    tern_tx *tx = NULL;
    bool row = false;
    tern_status status;

    if (trn_statement_columns(statement->inner) != 0) {
        return trn_fail(error,
                        TERN_ERR_MISUSE,
                        "a write that returns rows needs a transaction around it");
    }
    status = tern_tx_begin(statement->replica, NULL, &tx, error);
    if (status != TERN_OK) {
        return status;
    }
    status = trn_statement_step(statement->inner, &row, error);
    if (status == TERN_OK) {
        return tern_tx_commit(tx, NULL, error);
    }
    tern_tx_rollback(tx);
    return status;
}

tern_status tern_statement_step(tern_statement *statement, bool *ret_row, tern_error *error)
{
    bool row = false;
    tern_status status;

    trn_error_clear(error);
    if (statement == NULL || ret_row == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "a statement and a result are needed");
    }
    status = check_open(statement, error);
    if (status != TERN_OK) {
        return status;
    }
    enter(statement);
    if (statement->reader == NULL && !statement->replica->in_tx &&
        trn_statement_is_write(statement->inner)) {
        status = run_alone(statement, error);
    } else {
        status = trn_statement_step(statement->inner, &row, error);
    }
    leave(statement);
    if (status == TERN_OK) {
        *ret_row = row;
    }
    return status;
}

int tern_statement_columns(const tern_statement *statement)
{
    return statement != NULL ? trn_statement_columns(statement->inner) : 0;
}

const char *tern_statement_name(const tern_statement *statement, int column)
{
    return statement != NULL ? trn_statement_name(statement->inner, column) : NULL;
}

tern_value tern_statement_value(tern_statement *statement, int column)
{
    return statement != NULL ? trn_statement_value(statement->inner, column) : tern_value_null();
}

void tern_statement_reset(tern_statement *statement)
{
    if (statement == NULL) {
        return;
    }
    enter(statement);
    trn_statement_reset(statement->inner);
    leave(statement);
}

void tern_statement_free(tern_statement *statement)
{
    if (statement == NULL) {
        return;
    }
    enter(statement);
    trn_statement_free(statement->inner);
    leave(statement);
    if (statement->reader != NULL) {
        statement->reader->statements--;
        trn_reader_release(statement->reader);
    }
    trn_free(statement);
}
