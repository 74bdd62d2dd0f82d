/* A machine whose memory ends: the n-th array of bytes that this thread's next native calls make is
 * not to be had. */
#include <jni.h>
#include <string.h>

static struct JNINativeInterface_ faulty;
static const struct JNINativeInterface_ *whole;
static jint left;

static jbyteArray JNICALL new_byte_array(JNIEnv *env, jsize size)
{
    if (--left == 0) {
        jclass kind = (*env)->FindClass(env, "java/lang/OutOfMemoryError");

        if (kind != NULL) {
            (void)(*env)->ThrowNew(env, kind, "planted");
        }
        return NULL;
    }
    return whole->NewByteArray(env, size);
}

JNIEXPORT void JNICALL Java_org_tern_Faulty_arm(JNIEnv *env, jclass owner, jint count);
JNIEXPORT void JNICALL Java_org_tern_Faulty_disarm(JNIEnv *env, jclass owner);

void Java_org_tern_Faulty_arm(JNIEnv *env, jclass owner, jint count)
{
    (void)owner;
    whole = *env;
    memcpy(&faulty, whole, sizeof faulty);
    faulty.NewByteArray = new_byte_array;
    left = count;
    *env = &faulty;
}

void Java_org_tern_Faulty_disarm(JNIEnv *env, jclass owner)
{
    (void)owner;
    *env = whole;
}
