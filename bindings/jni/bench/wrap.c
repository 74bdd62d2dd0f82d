/* The work of bindings/bench, for Bench.java: on the replica that Java has open.
 */
#include <jni.h>
#include <string.h>

#include "bindings/bench/include/same.h"

JNIEXPORT jlong JNICALL Java_org_tern_Bench_readInC(JNIEnv *env, jclass owner, jlong handle);
JNIEXPORT jboolean JNICALL
Java_org_tern_Bench_writeInC(JNIEnv *env, jclass owner, jlong handle, jlong first, jint count);
JNIEXPORT jstring JNICALL Java_org_tern_Bench_scan(JNIEnv *env, jclass owner);
JNIEXPORT jstring JNICALL Java_org_tern_Bench_insert(JNIEnv *env, jclass owner);

static struct tern_replica *replica_of(jlong handle)
{
    uintptr_t number = (uintptr_t)handle;
    struct tern_replica *replica;

    memcpy(&replica, &number, sizeof number);
    return replica;
}

jlong Java_org_tern_Bench_readInC(JNIEnv *env, jclass owner, jlong handle)
{
    (void)env;
    (void)owner;
    return same_read(replica_of(handle));
}

jboolean
Java_org_tern_Bench_writeInC(JNIEnv *env, jclass owner, jlong handle, jlong first, jint count)
{
    (void)env;
    (void)owner;
    return same_write(replica_of(handle), first, count);
}

jstring Java_org_tern_Bench_scan(JNIEnv *env, jclass owner)
{
    (void)owner;
    return (*env)->NewStringUTF(env, same_scan); /* plain ASCII */
}

jstring Java_org_tern_Bench_insert(JNIEnv *env, jclass owner)
{
    (void)owner;
    return (*env)->NewStringUTF(env, same_insert);
}
