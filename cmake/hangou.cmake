# One function per kind of target. Each takes the files and the direct dependencies, so that the
# graph of targets is the graph of includes; tests/architecture checks the order of the layers.

add_library(hangou_options INTERFACE)
target_compile_options(hangou_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wunused -Wthread-safety -Werror
  -fno-omit-frame-pointer)
target_include_directories(hangou_options INTERFACE ${CMAKE_SOURCE_DIR})
target_link_options(hangou_options INTERFACE -fuse-ld=mold)
target_link_libraries(hangou_options INTERFACE Threads::Threads)
if(HANGOU_SANITIZE)
  target_compile_options(hangou_options INTERFACE -fsanitize=${HANGOU_SANITIZE} -fno-sanitize-recover=undefined)
  target_link_options(hangou_options INTERFACE -fsanitize=${HANGOU_SANITIZE})
endif()

# Sources of a target are compiled several at a time: what they include is read once, which takes more than half off a
# build from nothing. Names in unnamed namespaces are therefore unique in a target. 1 compiles each by itself, so that
# every file is seen to include what it uses.
set(HANGOU_BATCH_SIZE 1 CACHE STRING "Sources of a target that are compiled together")

# hangou_batches(OUT NAME SOURCES): the sources of a target as files that include up to HANGOU_BATCH_SIZE of them each.
# The includes are relative to the project, so that the compiler cache serves every clone.
function(hangou_batches out name)
  set(batches "")
  set(text "")
  set(count 0)
  file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  foreach(source IN LISTS ARGN)
    if(HANGOU_BATCH_SIZE EQUAL 1 OR IS_ABSOLUTE ${source})
      list(APPEND batches ${source})
      continue()
    endif()
    string(APPEND text "#include \"${folder}/${source}\"\n")
    math(EXPR count "${count} + 1")
    if(count EQUAL HANGOU_BATCH_SIZE)
      hangou_write_batch(batches ${name} "${text}")
      set(text "")
      set(count 0)
    endif()
  endforeach()
  if(count GREATER 0)
    hangou_write_batch(batches ${name} "${text}")
  endif()
  set(${out} ${batches} PARENT_SCOPE)
endfunction()

# Appends one such file to the list OUT.
function(hangou_write_batch out name text)
  list(LENGTH ${out} number)
  set(file ${CMAKE_BINARY_DIR}/batches/${name}_${number}.cc)
  file(CONFIGURE OUTPUT ${file} CONTENT "${text}" @ONLY)
  set(${out} ${${out}} ${file} PARENT_SCOPE)
endfunction()

# hangou_library(NAME SOURCES a.cc ... DEPS hangou_base ... PRIVATE_DEPS third parties)
# A static library hangou_NAME of one folder. Third parties are private unless a header needs them.
function(hangou_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  hangou_batches(sources hangou_${name} ${ARG_SOURCES})
  add_library(hangou_${name} STATIC ${sources})
  target_link_libraries(hangou_${name} PUBLIC hangou_options ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
endfunction()

# hangou_test(NAME SOURCES a_test.cc ... DEPS ... [LABELS long])
# One Catch2 program of the *_test.cc files of a folder, registered with CTest under its own name. The tests themselves
# are not optimised, only what they test: that takes a third off the build.
function(hangou_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  hangou_batches(sources ${name} ${ARG_SOURCES})
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE hangou_options hangou_catch_main ${ARG_DEPS})
  target_compile_options(${name} PRIVATE -O0)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name} --order rand --rng-seed time --use-colour no)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()

# hangou_program(NAME SOURCES main.cc DEPS ...): an executable in build/bin. jemalloc serves its memory: with some
# forty threads and many small records the C library's allocator takes a fifth of the time of a publication.
function(hangou_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  hangou_batches(sources ${name} ${ARG_SOURCES})
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE hangou_options ${ARG_DEPS})
  if(NOT HANGOU_SANITIZE)
    target_link_libraries(${name} PRIVATE PkgConfig::jemalloc)
  endif()
endfunction()

# hangou_fuzz(NAME SOURCES fuzz.cc DEPS ...): a libFuzzer target, built with the sanitizers only.
function(hangou_fuzz name)
  if(NOT HANGOU_SANITIZE)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE hangou_options ${ARG_DEPS})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
endfunction()

# hangou_script_test(NAME COMMAND ...): a test that is a script, run from the source folder.
function(hangou_script_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "COMMAND;LABELS" ${ARGN})
  add_test(NAME ${name} COMMAND ${ARG_COMMAND} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}" SKIP_RETURN_CODE 77)
endfunction()

# hangou_proto(NAME FILES a.proto ... [GRPC]): generated code, compiled once into hangou_NAME.
function(hangou_proto name)
  cmake_parse_arguments(ARG "GRPC" "ROOT" "FILES" ${ARGN})
  set(out ${CMAKE_BINARY_DIR}/generated)
  file(MAKE_DIRECTORY ${out})
  set(sources "")
  foreach(file IN LISTS ARG_FILES)
    string(REGEX REPLACE "\\.proto$" "" stem ${file})
    set(products ${out}/${stem}.pb.cc ${out}/${stem}.pb.h)
    set(plugin "")
    if(ARG_GRPC)
      list(APPEND products ${out}/${stem}.grpc.pb.cc ${out}/${stem}.grpc.pb.h)
      set(plugin --grpc_out=${out} --plugin=protoc-gen-grpc=${HANGOU_GRPC_CPP_PLUGIN})
    endif()
    add_custom_command(
      OUTPUT ${products}
      COMMAND ${HANGOU_PROTOC} -I ${CMAKE_SOURCE_DIR}/proto -I ${CMAKE_SOURCE_DIR}/proto/third_party
              --cpp_out=${out} ${plugin} ${file}
      DEPENDS ${CMAKE_SOURCE_DIR}/proto/${ARG_ROOT}${file}
      VERBATIM)
    list(FILTER products INCLUDE REGEX "\\.cc$")
    list(APPEND sources ${products})
  endforeach()
  add_library(hangou_${name} STATIC ${sources})
  target_include_directories(hangou_${name} SYSTEM PUBLIC ${out})
  target_link_libraries(hangou_${name} PUBLIC protobuf::libprotobuf)
  if(ARG_GRPC)
    target_link_libraries(hangou_${name} PUBLIC gRPC::grpc++)
  endif()
  target_compile_options(hangou_${name} PRIVATE -w)
  if(HANGOU_SANITIZE)
    target_compile_options(hangou_${name} PRIVATE -fsanitize=${HANGOU_SANITIZE})
  endif()
endfunction()
