// The AAR: Java classes, three native libraries for each ABI, and the C headers as prefab modules.
// Not run in CI: no Android SDK can be had there. See docs/android.md.
plugins {
    id("com.android.library") version "8.7.3"
}

// What an app asks an included build for: "org.tern:tern".
group = "org.tern"
version = "0.1.0"

val root = file("../../..")

android {
    namespace = "org.tern"
    compileSdk = 35
    ndkVersion = "27.2.12479018" // 16 KB pages are known to it

    defaultConfig {
        minSdk = 24
        consumerProguardFiles("consumer-rules.pro")
        ndk {
            abiFilters += listOf("arm64-v8a", "armeabi-v7a", "x86_64")
        }
        externalNativeBuild {
            cmake {
                arguments += listOf(
                    "-DCMAKE_TOOLCHAIN_FILE=${file("toolchain.cmake")}",
                    "-DANDROID_STL=none", // all is C; prefab refuses a shared library with a C++ runtime inside
                    "-DANDROID_SUPPORT_FLEXIBLE_PAGE_SIZES=ON",
                    "-DTERN_BUILD_JNI=ON",
                    "-DTERN_WERROR=OFF", // a newer compiler's new warning is no reason to fail an app's build
                )
                targets += listOf("tern", "tern_medication", "ternjni")
            }
        }
    }
    externalNativeBuild {
        cmake {
            path = root.resolve("CMakeLists.txt")
            version = "3.22.1"
        }
    }
    sourceSets["main"].java.setSrcDirs(listOf(file("../java")))
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_11
        targetCompatibility = JavaVersion.VERSION_11
        isCoreLibraryDesugaringEnabled = true // java.time below API 26
    }
    buildFeatures {
        prefabPublishing = true
    }
    prefab { // named as the targets of CMake are
        create("tern") {
            headers = root.resolve("include").path
        }
        create("tern_medication") {
            headers = root.resolve("include").path
            libraryName = "libtern-medication" // the file is not named as its target is
        }
    }
}

dependencies {
    coreLibraryDesugaring("com.android.tools:desugar_jdk_libs:2.1.3")
}
