// What every process of the platform does at its start, and what ends it.
#pragma once

namespace hangou {

// Prepares a process: SIGTERM and SIGINT are kept for AwaitStop, a closed pipe is no reason to end, faults of
// HANGOU_FAULT are set (for tests), the limit of open files is raised. Call it before the first thread is started.
// False, with the problem on standard error, where HANGOU_FAULT is not understood.
bool PrepareProcess();
// Waits for SIGTERM or SIGINT.
void AwaitStop();

}  // namespace hangou
