/* A library of deliberate mistakes, which the check of JNI, or a sanitizer, has to find. */
#include <jni.h>
#include <stdlib.h>

/* Goes on calling with an exception pending. */
JNIEXPORT void JNICALL Java_org_tern_Sloppy_sin(JNIEnv *env, jclass owner);
/* Writes behind the end of its memory. */
JNIEXPORT void JNICALL Java_org_tern_SloppyMemory_sin(JNIEnv *env, jclass owner, jint size);
/* Forgets what it has allocated. */
JNIEXPORT void JNICALL Java_org_tern_SloppyLeak_sin(JNIEnv *env, jclass owner, jint size);

void Java_org_tern_Sloppy_sin(JNIEnv *env, jclass owner)
{
    (void)owner;
    (void)(*env)->FindClass(env, "org/tern/Nowhere");
    (void)(*env)->NewByteArray(env, 1);
    (*env)->ExceptionClear(env);
}

void Java_org_tern_SloppyMemory_sin(JNIEnv *env, jclass owner, jint size)
{
    char *block = malloc((size_t)size);

    (void)env;
    (void)owner;
    if (block != NULL) {
        block[size] = 1;
        free(block);
    }
}

/* NOLINTBEGIN(clang-analyzer-*): the mistake is meant. */
void Java_org_tern_SloppyLeak_sin(JNIEnv *env, jclass owner, jint size)
{
    char *volatile block = malloc((size_t)size);

    (void)env;
    (void)owner;
    block = NULL;
    (void)block;
}
/* NOLINTEND(clang-analyzer-*) */
