/* One call: its arguments unpacked, its results packed. */
#include "bindings/jni/src/bridge.h"

#include <stdlib.h>
#include <string.h>

void *bridge_handle(jlong handle)
{
    uintptr_t number = (uintptr_t)handle;
    void *pointer;

    memcpy(&pointer, &number, sizeof pointer);
    return pointer;
}

/* ---- Arguments ---- */

static const uint8_t *take(struct bridge_call *call, size_t size)
{
    const uint8_t *data = call->in;

    if (call->malformed || size > call->left) {
        call->malformed = true;
        return NULL;
    }
    call->in += size;
    call->left -= size;
    return data;
}

static void copy(struct bridge_call *call, void *into, size_t size)
{
    const uint8_t *data = take(call, size);

    if (data == NULL) {
        memset(into, 0, size);
    } else {
        memcpy(into, data, size);
    }
}

uint8_t bridge_byte(struct bridge_call *call)
{
    uint8_t value;

    copy(call, &value, sizeof value);
    return value;
}

int32_t bridge_int(struct bridge_call *call)
{
    int32_t value;

    copy(call, &value, sizeof value);
    return value;
}

int64_t bridge_long(struct bridge_call *call)
{
    int64_t value;

    copy(call, &value, sizeof value);
    return value;
}

void *bridge_pointer(struct bridge_call *call)
{
    return bridge_handle(bridge_long(call));
}

const uint8_t *bridge_bytes(struct bridge_call *call, size_t *ret_size)
{
    int32_t size = bridge_int(call);
    const uint8_t *data;

    *ret_size = 0;
    if (size < 0) {
        return NULL;
    }
    data = take(call, (size_t)size + 1); /* and the NUL behind */
    if (data != NULL && data[size] == 0) {
        *ret_size = (size_t)size;
        return data;
    }
    call->malformed = true;
    return NULL;
}

const char *bridge_text(struct bridge_call *call)
{
    size_t size;
    const uint8_t *data = bridge_bytes(call, &size);

    if (data != NULL && memchr(data, 0, size) != NULL) {
        call->malformed = true;
        return NULL;
    }
    return (const char *)data;
}

tern_id bridge_id(struct bridge_call *call)
{
    tern_id id;

    copy(call, &id, sizeof id);
    return id;
}

const tern_id *bridge_id_or_none(struct bridge_call *call, tern_id *room)
{
    if (bridge_byte(call) == 0) {
        return NULL;
    }
    *room = bridge_id(call);
    return room;
}

tern_value bridge_value(struct bridge_call *call)
{
    tern_value value = tern_value_null();

    switch (bridge_byte(call)) {
    case TERN_NULL:
        break;
    case TERN_INTEGER:
        value = tern_value_integer(bridge_long(call));
        break;
    case TERN_REAL:
        value.kind = TERN_REAL;
        copy(call, &value.real, sizeof value.real);
        break;
    case TERN_TEXT:
        value.kind = TERN_TEXT;
        value.data = bridge_bytes(call, &value.size);
        break;
    case TERN_BLOB:
        value.kind = TERN_BLOB;
        value.data = bridge_bytes(call, &value.size);
        break;
    default:
        call->malformed = true;
    }
    return value;
}

tern_status bridge_check(struct bridge_call *call)
{
    return call->malformed ? bridge_fail(call, TERN_ERR_MISUSE, "a name or a sentence holds a NUL")
                           : TERN_OK;
}

tern_status bridge_fail(struct bridge_call *call, tern_status status, const char *sentence)
{
    call->error.error.status = status;
    memcpy(call->error.error.message, sentence, strlen(sentence) + 1);
    return status;
}

/* ---- Results ---- */

static bool grow(struct bridge_out *out, size_t more)
{
    size_t capacity = out->capacity;
    uint8_t *data;

    while (capacity - out->size < more) {
        capacity *= 2;
    }
    data = realloc(out->data == out->room ? NULL : out->data, capacity);
    if (data == NULL) {
        out->failed = true;
        return false;
    }
    if (out->data == out->room) {
        memcpy(data, out->room, out->size);
    }
    out->data = data;
    out->capacity = capacity;
    return true;
}

static void put(struct bridge_call *call, const void *data, size_t size)
{
    struct bridge_out *out = &call->out;

    if (out->failed || (out->capacity - out->size < size && !grow(out, size))) {
        return;
    }
    if (size > 0) {
        memcpy(out->data + out->size, data, size);
        out->size += size;
    }
}

void bridge_put_byte(struct bridge_call *call, uint8_t value)
{
    put(call, &value, sizeof value);
}

void bridge_put_int(struct bridge_call *call, int32_t value)
{
    put(call, &value, sizeof value);
}

void bridge_put_long(struct bridge_call *call, int64_t value)
{
    put(call, &value, sizeof value);
}

void bridge_put_opened(struct bridge_call *call, void *handle, bridge_operation close)
{
    call->opened = handle;
    call->close = close;
    bridge_put_long(call, (int64_t)(intptr_t)handle);
}

void bridge_put_bytes(struct bridge_call *call, const void *data, size_t size)
{
    if (size > INT32_MAX / 2) {
        call->out.failed = true;
        return;
    }
    bridge_put_int(call, (int32_t)size);
    put(call, data, size);
}

void bridge_put_text(struct bridge_call *call, const char *text)
{
    if (text == NULL) {
        bridge_put_int(call, -1);
    } else {
        bridge_put_bytes(call, text, strlen(text));
    }
}

void bridge_put_id(struct bridge_call *call, const tern_id *id)
{
    put(call, id->bytes, sizeof id->bytes);
}

void bridge_put_value(struct bridge_call *call, const tern_value *value)
{
    bridge_put_byte(call, (uint8_t)value->kind);
    switch (value->kind) {
    case TERN_NULL:
        break;
    case TERN_INTEGER:
        bridge_put_long(call, value->integer);
        break;
    case TERN_REAL:
        put(call, &value->real, sizeof value->real);
        break;
    case TERN_TEXT:
    case TERN_BLOB:
        bridge_put_bytes(call, value->data, value->size);
        break;
    }
}

void bridge_set_int(struct bridge_call *call, size_t at, int32_t value)
{
    if (!call->out.failed) {
        memcpy(call->out.data + at, &value, sizeof value);
    }
}

/* ---- A call ---- */

/* What Java makes its exception of. */
static void tell(struct bridge_call *call, tern_status status)
{
    call->out.failed = false;
    call->out.size = sizeof(int32_t);
    bridge_set_int(call, 0, (int32_t)status);
    bridge_put_int(call, (int32_t)call->error.problem);
    bridge_put_long(call, call->error.first);
    bridge_put_long(call, call->error.second);
    bridge_put_text(call, call->error.error.message);
}

static jbyteArray hand_over(JNIEnv *env, const struct bridge_out *out)
{
    jbyteArray array = (*env)->NewByteArray(env, (jsize)out->size);

    if (array != NULL) {
        (*env)->SetByteArrayRegion(env, array, 0, (jsize)out->size, (const jbyte *)out->data);
    }
    return array;
}

/* Closing may call up, which nothing may do while an exception is pending. */
static void close_again(JNIEnv *env, struct bridge_call *call)
{
    jthrowable pending = (*env)->ExceptionOccurred(env);

    if (pending != NULL) {
        (*env)->ExceptionClear(env);
    }
    call->handle = call->opened;
    (void)call->close(call);
    if (pending != NULL) {
        (void)(*env)->Throw(env, pending);
        (*env)->DeleteLocalRef(env, pending);
    }
}

static void refuse(JNIEnv *env)
{
    jclass kind = (*env)->FindClass(env, "java/lang/OutOfMemoryError");

    if (kind != NULL) {
        (void)(*env)->ThrowNew(env, kind, "the arguments of a native call");
    }
}

static jbyteArray run(JNIEnv *env, struct bridge_call *call, bridge_operation operation)
{
    jbyteArray result;
    tern_status status;

    call->out.data = call->out.room;
    call->out.capacity = sizeof call->out.room;
    bridge_put_int(call, TERN_OK);
    status = operation(call);
    if (status == TERN_OK && (call->out.failed || call->out.size > INT32_MAX)) {
        status = TERN_ERR_NOMEM;
    }
    if (status != TERN_OK) {
        tell(call, status);
    }
    result = hand_over(env, &call->out);
    if (call->opened != NULL && (result == NULL || status != TERN_OK)) {
        close_again(env, call);
    }
    if (call->out.data != call->out.room) {
        free(call->out.data);
    }
    return result;
}

jbyteArray bridge_run(JNIEnv *env, jlong handle, jbyteArray arguments, bridge_operation operation)
{
    jsize size = arguments == NULL ? 0 : (*env)->GetArrayLength(env, arguments);
    uint8_t room[BRIDGE_ROOM_BYTES];
    uint8_t *in = (size_t)size <= sizeof room ? room : malloc((size_t)size);
    struct bridge_call call;
    jbyteArray result;

    if (in == NULL) {
        refuse(env);
        return NULL;
    }
    if (size > 0) {
        (*env)->GetByteArrayRegion(env, arguments, 0, size, (jbyte *)in);
    }
    call.handle = bridge_handle(handle);
    call.in = in;
    call.left = (size_t)size;
    call.malformed = false;
    call.out.size = 0;
    call.out.failed = false;
    memset(&call.error, 0, sizeof call.error);
    call.opened = NULL;
    result = run(env, &call, operation);
    if (in != room) {
        free(in);
    }
    return result;
}
