#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/http/h2/body_length.h"
#include "dataplane/http/h2/field_gatherer.h"
#include "dataplane/http/h2/read_result.h"
#include "dataplane/http/head_limits.h"
#include "dataplane/http/message.h"

namespace fairlead::http::h2 {

// Reads the header block that begins a request (RFC 9113 §8.3.1) into a RequestHead, field by field as HPACK brings
// them, and refuses whatever HTTP/1 could be made to read differently.
//
// Malformed: what FieldGatherer says; pseudo-header fields that are unknown, repeated, missing, empty or behind a
// regular one; a method that is no token; a :scheme other than http and https; a :path that is no origin-form, nor "*"
// with OPTIONS; an authority that is none, or two different ones in :authority and Host; Content-Length that is no
// number, repeated, or lies; CONNECT with a :path or :scheme, without a port, or with a body; :protocol without
// CONNECT.
//   414  a :path beyond the limit
//   417  an expectation other than 100-continue (RFC 9110 §10.1.1)
//   431  a header list or a number of fields beyond the limits (RFC 6585 §5)
//   501  a method of more than 32 characters
//
// The head is what HTTP/1 would have: the authority from :authority and also in a Host field, one Cookie field,
// extended CONNECT as an upgrade (RequestHead::extended_connect). Its text is the reader's, in one run: whoever keeps
// the head copies text() and calls SetBase. One of each codec, for one block after another.
//
//   RequestReader reader(&limits);
//   reader.Start(&head);
//   for (each field) reader.Add(name, value, never_indexed);
//   ReadResult result = reader.Finish(end_stream);  // then reader.text()
class RequestReader {
 public:
  // `limits` outlive the reader.
  explicit RequestReader(const HeadLimits* limits) : limits_(limits) {}

  // `head` stays in place until Finish or Stop, and needs no clearing. Before them nothing of it can be read.
  void Start(RequestHead* head);
  // False: it was refused, and nothing that follows is looked at.
  bool Add(std::string_view name, std::string_view value, bool never_indexed);
  // `end_stream`: no body follows. After a refusal the head holds what was understood, for the access log. With a
  // Content-Length of 0 the head's framing is kNone although the stream may not have ended.
  ReadResult Finish(bool end_stream);
  // In place of Finish: nobody waits for the rest. The head holds what has come of it, until the next Start.
  void Stop() { head_->SetBase(gatherer_.text().data()); }

  std::string_view text() const { return gatherer_.text(); }
  size_t capacity() const { return gatherer_.capacity(); }
  void Shrink() { gatherer_.Shrink(); }

 private:
  // Names the pseudo-header fields, as bits.
  enum Pseudo : uint8_t { kMethod = 1, kScheme = 2, kPath = 4, kAuthority = 8, kProtocol = 16 };

  bool AddPseudo(std::string_view name, std::string_view value);
  bool AddHost(std::string_view value);
  bool AddContentLength(std::string_view value);
  void AddExpect(std::string_view value);
  bool Malformed(const char* reason);
  bool Refuse(const ReadResult& result);
  bool Has(uint8_t pseudo) const { return (seen_ & pseudo) == pseudo; }
  std::string_view Get(Text text) const { return gatherer_.text().substr(text.offset, text.size); }
  ReadResult FinishConnect();
  ReadResult FinishExtendedConnect();
  ReadResult FinishRequest();
  ReadResult FinishAuthority();
  ReadResult FinishBody(bool end_stream);

  const HeadLimits* const limits_;
  FieldGatherer gatherer_;
  BodyLength body_length_;
  RequestHead* head_ = nullptr;
  Text protocol_;
  Text host_;
  uint8_t seen_ = 0;
  bool https_ : 1 = false;
  bool regular_begun_ : 1 = false;
  bool has_host_ : 1 = false;
  bool saw_continue_ : 1 = false;
  bool saw_other_expectation_ : 1 = false;
};

}  // namespace fairlead::http::h2
