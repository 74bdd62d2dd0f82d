/* The same work as Bench.java's, in C on the same replica: what the binding's cost is measured by.
 */
#include <jni.h>
#include <string.h>

#include "tern/tern.h"

#define SCAN                                                                                       \
    "SELECT id, role, first_name, last_name, full_name, gender, date_of_birth, created_at, "       \
    "grace_period_minutes, time_zone FROM users"
#define INSERT                                                                                     \
    "INSERT INTO users(id, role, first_name, last_name, full_name, created_at) VALUES(?, "         \
    "'DOCTOR', ?, ?, ?, ?)"

JNIEXPORT jlong JNICALL Java_org_tern_Bench_readInC(JNIEnv *env, jclass owner, jlong handle);
JNIEXPORT jboolean JNICALL
Java_org_tern_Bench_writeInC(JNIEnv *env, jclass owner, jlong handle, jlong first, jint count);

static tern_replica *replica_of(jlong handle)
{
    uintptr_t number = (uintptr_t)handle;
    tern_replica *replica;

    memcpy(&replica, &number, sizeof number);
    return replica;
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
    tern_status status;

    for (;;) {
        status = tern_statement_step(statement, &row, NULL);
        if (status != TERN_OK || !row) {
            return status;
        }
        for (int i = 0; i < columns; i++) {
            tern_value value = tern_statement_value(statement, i);

            *ret_sum += taste(&value);
        }
    }
}

jlong Java_org_tern_Bench_readInC(JNIEnv *env, jclass owner, jlong handle)
{
    tern_reader *reader = NULL;
    tern_statement *statement = NULL;
    int64_t sum = 0;
    tern_status status = tern_reader_open(replica_of(handle), &reader, NULL);

    (void)env;
    (void)owner;
    if (status == TERN_OK) {
        status = tern_reader_prepare(reader, SCAN, strlen(SCAN), &statement, NULL);
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

jboolean
Java_org_tern_Bench_writeInC(JNIEnv *env, jclass owner, jlong handle, jlong first, jint count)
{
    tern_statement *statement = NULL;
    tern_tx *tx = NULL;
    tern_status status = tern_tx_begin(replica_of(handle), NULL, &tx, NULL);

    (void)env;
    (void)owner;
    if (status == TERN_OK) {
        status =
            tern_statement_prepare(replica_of(handle), INSERT, strlen(INSERT), &statement, NULL);
    }
    for (jint i = 0; status == TERN_OK && i < count; i++) {
        status = insert(statement, first + i);
    }
    tern_statement_free(statement);
    if (status == TERN_OK) {
        return tern_tx_commit(tx, NULL, NULL) == TERN_OK;
    }
    tern_tx_rollback(tx);
    return false;
}
