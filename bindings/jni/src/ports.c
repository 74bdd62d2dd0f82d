/*
 * Calls up: the ports that the app supplies, as methods of one org.tern.Upcalls.
 *
 * Upcalls catches what the app throws; what is pending nonetheless (no memory, no stack) is taken
 * back here and is a failure of the port. A thread that Java does not know is attached under a name
 * for the one call and detached again.
 */
#include "bindings/jni/src/bridge.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tern/platform.h"

enum { GIVEN_CLOCK = 1, GIVEN_RANDOM = 2, GIVEN_LOG = 4, UPCALL_REFERENCES = 4 };

struct bridge_ports {
    jobject upcalls; /* global */
    jint given;      /* which ports the app has of its own */
    bool strayed; /* a monotonic reading was not the app's: its boot is not that of all of them */
};

/* Set when the library is loaded, and read only from then on. The methods live as long as their
 * class, and that as long as the library, which goes with the same loader: nothing is held that
 * would keep it. */
static JavaVM *machine;
static struct {
    jmethodID wall;
    jmethodID monotonic;
    jmethodID boot;
    jmethodID random;
    jmethodID log;
    jmethodID zone;
} upcalls;

/* ---- Entering Java ---- */

struct visit {
    JNIEnv *env;
    bool attached;
};

static bool enter(struct visit *visit)
{
    char name[] = "tern";
    JavaVMAttachArgs arguments = {.version = JNI_VERSION_1_6, .name = name};
    void *env = NULL;
    jint found = (*machine)->GetEnv(machine, &env, JNI_VERSION_1_6);

    visit->attached = false;
    if (found == JNI_EDETACHED) {
#ifdef __ANDROID__
        found = (*machine)->AttachCurrentThread(machine, &visit->env, &arguments);
        env = visit->env;
#else
        found = (*machine)->AttachCurrentThread(machine, &env, &arguments);
#endif
        visit->attached = found == JNI_OK;
    }
    visit->env = env;
    if (found != JNI_OK) {
        return false;
    }
    if ((*visit->env)->PushLocalFrame(visit->env, UPCALL_REFERENCES) == JNI_OK) {
        return true;
    }
    (*visit->env)->ExceptionClear(visit->env);
    if (visit->attached) {
        (void)(*machine)->DetachCurrentThread(machine);
    }
    return false;
}

/* True if nothing is pending; what was is taken back. */
static bool is_clear(JNIEnv *env)
{
    if (!(*env)->ExceptionCheck(env)) {
        return true;
    }
    (*env)->ExceptionClear(env);
    return false;
}

static void leave(struct visit *visit)
{
    (void)(*visit->env)->PopLocalFrame(visit->env, NULL);
    if (visit->attached) {
        (void)(*machine)->DetachCurrentThread(machine);
    }
}

static jbyteArray new_bytes(JNIEnv *env, const char *text)
{
    jsize size = (jsize)strlen(text);
    jbyteArray array = (*env)->NewByteArray(env, size);

    if (array == NULL) {
        (void)is_clear(env);
        return NULL;
    }
    (*env)->SetByteArrayRegion(env, array, 0, size, (const jbyte *)text);
    return array;
}

/* ---- The ports ---- */

/* What a clock of Upcalls gives where the app's has thrown. */
#define TIME_UNKNOWN INT64_MIN

static bool ask_long(struct bridge_ports *ports, jmethodID method, int64_t *ret_value)
{
    struct visit visit;
    jlong value;
    bool clear;

    if (!enter(&visit)) {
        return false;
    }
    value = (*visit.env)->CallLongMethod(visit.env, ports->upcalls, method);
    clear = is_clear(visit.env);
    leave(&visit);
    if (!clear || value == TIME_UNKNOWN) {
        return false;
    }
    *ret_value = value;
    return true;
}

/* The platform's clock stands in where the app's cannot be asked. */
static int64_t wall_us(void *context)
{
    tern_clock_port platform;
    int64_t value;

    if (ask_long(context, upcalls.wall, &value)) {
        return value;
    }
    tern_posix_clock(&platform);
    return platform.wall_us(platform.context);
}

/* Of another base then, which no boot id may tie to the app's readings. */
static int64_t monotonic_us(void *context)
{
    struct bridge_ports *ports = context;
    tern_clock_port platform;
    int64_t value;

    if (ask_long(ports, upcalls.monotonic, &value)) {
        return value;
    }
    ports->strayed = true;
    tern_posix_clock(&platform);
    return platform.monotonic_us(platform.context);
}

/* Copies what a method gave; false where it gave something else. */
static bool copy_bytes(JNIEnv *env, jobject given, void *into, size_t size)
{
    jbyteArray array = given;

    if (array == NULL || (size_t)(*env)->GetArrayLength(env, array) != size) {
        return false;
    }
    (*env)->GetByteArrayRegion(env, array, 0, (jsize)size, into);
    return is_clear(env);
}

static void boot_id(void *context, tern_id *ret_id)
{
    struct bridge_ports *ports = context;
    struct visit visit;
    jobject given;

    memset(ret_id, 0, sizeof *ret_id);
    if (ports->strayed || !enter(&visit)) {
        return;
    }
    given = (*visit.env)->CallObjectMethod(visit.env, ports->upcalls, upcalls.boot);
    if (is_clear(visit.env)) {
        (void)copy_bytes(visit.env, given, ret_id->bytes, sizeof ret_id->bytes);
    }
    leave(&visit);
}

static bool fill_random(void *context, void *buffer, size_t size)
{
    struct bridge_ports *ports = context;
    struct visit visit;
    jobject given;
    bool done;

    if (!enter(&visit)) {
        return false;
    }
    given = (*visit.env)->CallObjectMethod(visit.env, ports->upcalls, upcalls.random, (jint)size);
    done = is_clear(visit.env) && copy_bytes(visit.env, given, buffer, size);
    leave(&visit);
    return done;
}

static void write_log(void *context, tern_log_level level, const char *message)
{
    struct bridge_ports *ports = context;
    struct visit visit;
    jbyteArray text;

    if (!enter(&visit)) {
        return;
    }
    text = new_bytes(visit.env, message);
    if (text != NULL) {
        (*visit.env)->CallVoidMethod(visit.env, ports->upcalls, upcalls.log, (jint)level, text);
        (void)is_clear(visit.env);
    }
    leave(&visit);
}

static tern_status fail(tern_error *error, tern_status status, const char *sentence)
{
    if (error != NULL) {
        error->status = status;
        memcpy(error->message, sentence, strlen(sentence) + 1);
    }
    return status;
}

/* What Upcalls.zone gives for a zone that it does not know. */
enum { ZONE_UNKNOWN = INT32_MAX };

static tern_status zone_offset(void *context,
                               const char *zone,
                               int64_t utc_us,
                               int32_t *ret_offset_s,
                               tern_error *error)
{
    struct bridge_ports *ports = context;
    struct visit visit;
    jbyteArray name;
    jint offset = ZONE_UNKNOWN;
    bool clear = false;

    if (!enter(&visit)) {
        return fail(error, TERN_ERR_NOMEM, "the app's time zones cannot be asked");
    }
    name = new_bytes(visit.env, zone);
    if (name != NULL) {
        offset = (*visit.env)
                     ->CallIntMethod(visit.env, ports->upcalls, upcalls.zone, name, (jlong)utc_us);
        clear = is_clear(visit.env);
    }
    leave(&visit);
    if (!clear) {
        return fail(error, TERN_ERR_NOMEM, "the app's time zones cannot be asked");
    }
    if (offset == ZONE_UNKNOWN) {
        return fail(error, TERN_ERR_NOT_FOUND, "the app knows no such time zone");
    }
    *ret_offset_s = offset;
    return TERN_OK;
}

void bridge_zone_port(struct bridge_ports *ports, tern_zone_port *ret_port)
{
    *ret_port = (tern_zone_port){.context = ports, .offset = zone_offset};
}

#ifdef __ANDROID__
static bool platform_random(void *context, void *buffer, size_t size)
{
    (void)context;
    arc4random_buf(buffer, size);
    return true;
}

static void platform_ports(tern_ports *ret_ports)
{
    *ret_ports = (tern_ports){.size = sizeof *ret_ports, .random.fill = platform_random};
    tern_posix_clock(&ret_ports->clock);
}
#else
static void platform_ports(tern_ports *ret_ports)
{
    tern_platform_ports(ret_ports);
}
#endif

void bridge_ports_fill(struct bridge_ports *ports, tern_ports *ret_ports)
{
    platform_ports(ret_ports);
    if ((ports->given & GIVEN_CLOCK) != 0) {
        ret_ports->clock = (tern_clock_port){ports, wall_us, monotonic_us, boot_id};
    }
    if ((ports->given & GIVEN_RANDOM) != 0) {
        ret_ports->random = (tern_random_port){ports, fill_random};
    }
    if ((ports->given & GIVEN_LOG) != 0) {
        ret_ports->log = (tern_log_port){ports, write_log};
    }
}

/* ---- Coming and going ---- */

jlong JNICALL bridge_ports_new(JNIEnv *env, jclass owner, jobject object, jint given)
{
    struct bridge_ports *ports = malloc(sizeof *ports);

    (void)owner;
    if (ports == NULL) {
        return 0;
    }
    ports->given = given;
    ports->strayed = false;
    ports->upcalls = (*env)->NewGlobalRef(env, object);
    if (ports->upcalls == NULL) {
        free(ports);
        return 0;
    }
    return (jlong)(intptr_t)ports;
}

void JNICALL bridge_ports_free(JNIEnv *env, jclass owner, jlong handle)
{
    struct bridge_ports *ports = bridge_handle(handle);

    (void)owner;
    if (ports != NULL) {
        (*env)->DeleteGlobalRef(env, ports->upcalls);
        free(ports);
    }
}

static void *log_something(void *context)
{
    write_log(context, TERN_LOG_INFO, "from a thread that Java has not made");
    return NULL;
}

/* Lets tests see a thread attached and detached: the library has no threads of its own. */
void JNICALL bridge_ports_log_from_a_thread(JNIEnv *env, jclass owner, jlong handle)
{
    pthread_t thread;

    (void)env;
    (void)owner;
    if (pthread_create(&thread, NULL, log_something, bridge_handle(handle)) == 0) {
        (void)pthread_join(thread, NULL);
    }
}

static bool
find(JNIEnv *env, jclass owner, jmethodID *into, const char *name, const char *signature)
{
    *into = (*env)->GetMethodID(env, owner, name, signature);
    return *into != NULL;
}

bool bridge_ports_load(JavaVM *vm, JNIEnv *env)
{
    jclass owner = (*env)->FindClass(env, "org/tern/Upcalls");
    bool done;

    if (owner == NULL) {
        return false;
    }
    machine = vm;
    done = find(env, owner, &upcalls.wall, "wall", "()J") &&
           find(env, owner, &upcalls.monotonic, "monotonic", "()J") &&
           find(env, owner, &upcalls.boot, "boot", "()[B") &&
           find(env, owner, &upcalls.random, "random", "(I)[B") &&
           find(env, owner, &upcalls.log, "log", "(I[B)V") &&
           find(env, owner, &upcalls.zone, "zone", "([BJ)I");
    (*env)->DeleteLocalRef(env, owner);
    return done;
}
