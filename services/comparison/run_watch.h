// The streams of WatchRun: each tells one call how far a run is, and its end.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "libs/base/clock.h"
#include "libs/base/event_loop.h"
#include "libs/rpc/server_stream.h"
#include "services/comparison/run_desk.h"

namespace hangou {

// What one call sees of a run. Shared: the loop, the desk and the transport hold it until the run has ended or the
// client has gone, whichever is first. It works on `loop`, which with `clock` outlives all of them.
class RunWatch final : public std::enable_shared_from_this<RunWatch> {
 public:
  using Stream = ServerStream<hangou::comparison::v1::RunProgress>;

  // Tells `stream` of `run` from now on. A client that reads slowly gets fewer messages, each the newest.
  static void Begin(EventLoop& loop, const Clock& clock, RunDesk& desk, const RunDesk::Taken& taken,
                    const std::shared_ptr<Stream>& stream);
  ~RunWatch();

 private:
  RunWatch(EventLoop& loop, const Clock& clock, const RunDesk::Taken& taken, std::shared_ptr<Stream> stream)
      : loop_(loop), clock_(clock), taken_(taken), stream_(std::move(stream)) {}
  void Tick();
  void Tell();
  void End();
  void Write(hangou::comparison::v1::RunProgress progress);
  hangou::comparison::v1::RunProgress Progress() const;

  EventLoop& loop_;
  const Clock& clock_;
  const RunDesk::Taken taken_;
  const std::shared_ptr<Stream> stream_;
  // Of the loop.
  std::optional<RunDesk::Outcome> outcome_;
  bool writing_ = false;
  bool over_ = false;
};

}  // namespace hangou
