/* Ties the methods of org.tern.Native to their operations; nothing else is exported. */
#include <stdio.h>
#include <string.h>

#include "bindings/jni/src/bridge.h"

#define PACKED "(J[B)[B"
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define METHOD(name)                                                                               \
    static jbyteArray JNICALL run_##name(JNIEnv *env,                                              \
                                         jclass owner,                                             \
                                         jlong handle,                                             \
                                         jbyteArray arguments)                                     \
    {                                                                                              \
        (void)owner;                                                                               \
        return bridge_run(env, handle, arguments, bridge_##name);                                  \
    }
BRIDGE_OPERATIONS(METHOD)

/* The names are the JVM's to check: one that org.tern.Native has not fails the load. */
struct method {
    const char *name;
    const char *signature;
    void (*function)(void);
};

#define ROW(name) {#name, PACKED, (void (*)(void))run_##name},
static const struct method methods[] = {
    /* clang-format off */
    BRIDGE_OPERATIONS(ROW)
    {"portsNew", "(Lorg/tern/Upcalls;I)J", (void (*)(void))bridge_ports_new},
    {"portsFree", "(J)V", (void (*)(void))bridge_ports_free},
    {"portsLogFromAThread", "(J)V", (void (*)(void))bridge_ports_log_from_a_thread},
    /* clang-format on */
};

/* JNI's own structure has no const, and an object's pointer for the function. */
static bool tie(JNIEnv *env, jclass owner)
{
    JNINativeMethod table[COUNT_OF(methods)];
    char texts[COUNT_OF(methods)][2][32];

    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        (void)snprintf(texts[i][0], sizeof texts[i][0], "%s", methods[i].name);
        (void)snprintf(texts[i][1], sizeof texts[i][1], "%s", methods[i].signature);
        table[i].name = texts[i][0];
        table[i].signature = texts[i][1];
        memcpy(&table[i].fnPtr, &methods[i].function, sizeof table[i].fnPtr);
    }
    return (*env)->RegisterNatives(env, owner, table, (jint)COUNT_OF(methods)) == JNI_OK;
}

jint JNICALL JNI_OnLoad(JavaVM *vm, void *reserved)
{
    JNIEnv *env = NULL;
    jclass owner;
    bool done;

    (void)reserved;
    if ((*vm)->GetEnv(vm, (void **)&env, JNI_VERSION_1_6) != JNI_OK) {
        return JNI_ERR;
    }
    owner = (*env)->FindClass(env, "org/tern/Native");
    if (owner == NULL) {
        return JNI_ERR;
    }
    done = tie(env, owner) && bridge_ports_load(vm, env);
    (*env)->DeleteLocalRef(env, owner);
    return done ? JNI_VERSION_1_6 : JNI_ERR;
}
