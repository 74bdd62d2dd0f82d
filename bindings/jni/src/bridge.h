/*
 * The bridge between Java and the library: one shape of call for everything.
 *
 * A native method takes a handle and packed arguments, and gives packed results: the status first,
 * then what the operation appends, or what went wrong. Java raises the exception. So no operation
 * touches a Java object, and texts cross as UTF-8 bytes only. Packed numbers are in the machine's
 * order; a text is its length (-1: none), its bytes and a NUL, so that C can borrow it as it is.
 */
#ifndef TERNJNI_BRIDGE_H
#define TERNJNI_BRIDGE_H

#include <jni.h>

#include "tern/medication/care.h"
#include "tern/tern.h"

enum { BRIDGE_ROOM_BYTES = 1024, BRIDGE_VALUES = 32 };

/* What an operation appends; grows from `room` into memory of its own. */
struct bridge_out {
    uint8_t *data;
    size_t size;
    size_t capacity;
    bool failed; /* memory ran out: nothing more is appended */
    uint8_t room[BRIDGE_ROOM_BYTES];
};

struct bridge_call;
typedef tern_status (*bridge_operation)(struct bridge_call *call);

struct bridge_call {
    void *handle;
    const uint8_t *in;
    size_t left;
    bool malformed; /* the arguments ended early, or a text held a NUL */
    struct bridge_out out;
    tern_care_error error;
    void *opened; /* NULL: nothing was */
    bridge_operation close;
};

/* Runs an operation; NULL with a Java exception pending where not even its failure could be told.
 */
jbyteArray bridge_run(JNIEnv *env, jlong handle, jbyteArray arguments, bridge_operation operation);

/* The pointer that a handle stands for; NULL for 0. */
void *bridge_handle(jlong handle);

/* ---- Arguments ---- */

uint8_t bridge_byte(struct bridge_call *call);
int32_t bridge_int(struct bridge_call *call);
int64_t bridge_long(struct bridge_call *call);
void *bridge_pointer(struct bridge_call *call);
/* NUL-terminated, NULL for none; one with a NUL inside is malformed. Borrowed for the call. */
const char *bridge_text(struct bridge_call *call);
/* Bytes of any kind, with their number. */
const uint8_t *bridge_bytes(struct bridge_call *call, size_t *ret_size);
tern_id bridge_id(struct bridge_call *call);
/* An id that may be left out: `room` holds it, and NULL says that there is none. */
const tern_id *bridge_id_or_none(struct bridge_call *call, tern_id *room);
tern_value bridge_value(struct bridge_call *call);
/* TERN_OK if the arguments were whole, else TERN_ERR_MISUSE with its sentence. */
tern_status bridge_check(struct bridge_call *call);
/* Gives the status, with a sentence of at most 100 bytes. */
tern_status bridge_fail(struct bridge_call *call, tern_status status, const char *sentence);

/* ---- Results ---- */

void bridge_put_byte(struct bridge_call *call, uint8_t value);
void bridge_put_int(struct bridge_call *call, int32_t value);
void bridge_put_long(struct bridge_call *call, int64_t value);
/* The handle of what the operation has opened, and the operation that closes it again where Java
 * cannot be told of it. */
void bridge_put_opened(struct bridge_call *call, void *handle, bridge_operation close);
void bridge_put_text(struct bridge_call *call, const char *text);
void bridge_put_bytes(struct bridge_call *call, const void *data, size_t size);
void bridge_put_id(struct bridge_call *call, const tern_id *id);
void bridge_put_value(struct bridge_call *call, const tern_value *value);
/* Overwrites an int that was put at an offset of the results. */
void bridge_set_int(struct bridge_call *call, size_t at, int32_t value);

/* ---- Ports ---- */

/* The app's clock, randomness, log and zones: calls up into one Java object. */
struct bridge_ports;

bool bridge_ports_load(JavaVM *vm, JNIEnv *env);
/* Fills in the ports that the app gave, and the platform's for the others. */
void bridge_ports_fill(struct bridge_ports *ports, tern_ports *ret_ports);
void bridge_zone_port(struct bridge_ports *ports, tern_zone_port *ret_port);
jlong JNICALL bridge_ports_new(JNIEnv *env, jclass owner, jobject object, jint given);
void JNICALL bridge_ports_free(JNIEnv *env, jclass owner, jlong handle);
void JNICALL bridge_ports_log_from_a_thread(JNIEnv *env, jclass owner, jlong handle);

/* ---- Operations, each of the name of its method in org.tern.Native ---- */

#define BRIDGE_OPERATIONS(DO)                                                                      \
    DO(version)                                                                                    \
    DO(replicaOpen)                                                                                \
    DO(replicaClose)                                                                               \
    DO(replicaIds)                                                                                 \
    DO(replicaChanges)                                                                             \
    DO(replicaStatus)                                                                              \
    DO(replicaReach)                                                                               \
    DO(txBegin)                                                                                    \
    DO(txCommit)                                                                                   \
    DO(txRollback)                                                                                 \
    DO(txFollow)                                                                                   \
    DO(rowInsert)                                                                                  \
    DO(rowUpdate)                                                                                  \
    DO(rowUndo)                                                                                    \
    DO(rowDelete)                                                                                  \
    DO(rowUndelete)                                                                                \
    DO(statementPrepare)                                                                           \
    DO(statementRun)                                                                               \
    DO(statementMore)                                                                              \
    DO(statementReset)                                                                             \
    DO(statementFree)                                                                              \
    DO(readerOpen)                                                                                 \
    DO(readerClose)                                                                                \
    DO(readerPrepare)                                                                              \
    DO(readerBegin)                                                                                \
    DO(readerEnd)                                                                                  \
    DO(outboxEntries)                                                                              \
    DO(outboxChanges)                                                                              \
    DO(quarantineRetry)                                                                            \
    DO(quarantineDiscard)                                                                          \
    DO(auditReinstate)                                                                             \
    DO(syncOpen)                                                                                   \
    DO(syncNext)                                                                                   \
    DO(syncAnswered)                                                                               \
    DO(syncFailed)                                                                                 \
    DO(syncToken)                                                                                  \
    DO(syncCancel)                                                                                 \
    DO(syncProgress)                                                                               \
    DO(syncReason)                                                                                 \
    DO(syncClose)                                                                                  \
    DO(careOpen)                                                                                   \
    DO(careClose)                                                                                  \
    DO(careSay)                                                                                    \
    DO(scheduleGenerate)                                                                           \
    DO(schedulePlan)                                                                               \
    DO(mealParse)                                                                                  \
    DO(doseList)                                                                                   \
    DO(doseRead)                                                                                   \
    DO(medicationSetPrnTimes)                                                                      \
    DO(doseTake)                                                                                   \
    DO(doseTakePrn)                                                                                \
    DO(doseSkip)                                                                                   \
    DO(doseUndo)                                                                                   \
    DO(dosesInferMissed)                                                                           \
    DO(prescriptionCreate)                                                                         \
    DO(prescriptionEdit)                                                                           \
    DO(prescriptionRetake)                                                                         \
    DO(prescriptionMove)                                                                           \
    DO(settingsRead)                                                                               \
    DO(settingsSet)                                                                                \
    DO(adherenceRead)                                                                              \
    DO(adherenceRebuild)                                                                           \
    DO(remindersRead)                                                                              \
    DO(prescriptionList)                                                                           \
    DO(prescriptionRead)                                                                           \
    DO(prescriptionVersions)                                                                       \
    DO(prescriptionSnapshot)                                                                       \
    DO(prescriptionRefused)                                                                        \
    DO(medicationList)                                                                             \
    DO(medicationRead)                                                                             \
    DO(alertsInfer)                                                                                \
    DO(alertList)                                                                                  \
    DO(alertCount)                                                                                 \
    DO(alertMarkRead)                                                                              \
    DO(quotaRead)                                                                                  \
    DO(auditAccess)                                                                                \
    DO(auditRead)

#define BRIDGE_DECLARE(name) tern_status bridge_##name(struct bridge_call *call);
BRIDGE_OPERATIONS(BRIDGE_DECLARE)
#undef BRIDGE_DECLARE

#endif
