#include "gateway/listener_tls.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/support/test_authority.h"

namespace hoop {
namespace {

using absl::StatusCode;

class ListenerTlsTest : public ::testing::Test {
 protected:
  const TestAuthority authority_{"CA"};
  const TlsCredential credential_ = authority_.Issue({.subject = "gw"});
  GatewayTls options_{.certificate = credential_.certificate_pem, .key = credential_.key_pem};
};

TEST_F(ListenerTlsTest, SpeaksAnotherProtocolAtEachDoor) {
  const auto made = ListenerTls::Make(options_);
  ASSERT_OK(made.status());
  EXPECT_EQ(made->grpc->protocols(), std::string("\x02h2"));
  EXPECT_EQ(made->http->protocols(), std::string("\x08http/1.1"));
  EXPECT_TRUE(made->grpc->description().starts_with("CN=gw, until "));
}

TEST_F(ListenerTlsTest, CallsWhatIsWrongByItsVariable) {
  GatewayTls wrong = options_;
  wrong.key.clear();
  EXPECT_STATUS(ListenerTls::Make(wrong).status(), StatusCode::kInvalidArgument,
                "TLS_KEY: is missing, TLS_CERT is set");
  wrong.key = authority_.Issue().key_pem;
  EXPECT_STATUS(ListenerTls::Make(wrong).status(), StatusCode::kInvalidArgument,
                "TLS_KEY: it does not belong to the certificate of CN=gw");
  wrong.certificate.clear();
  EXPECT_STATUS(ListenerTls::Make(wrong).status(), StatusCode::kInvalidArgument,
                "TLS_CERT: is missing, TLS_KEY is set");
  wrong.certificate = "x";
  EXPECT_STATUS(ListenerTls::Make(wrong).status(), StatusCode::kInvalidArgument,
                "TLS_CERT: no certificate in PEM form");
  wrong = options_;
  wrong.client_auth = GatewayTls::ClientAuth::kAgents;
  EXPECT_STATUS(ListenerTls::Make(wrong).status(), StatusCode::kInvalidArgument, "TLS_CA: is missing");
  wrong.client_ca = "x";
  EXPECT_STATUS(ListenerTls::Make(wrong).status(), StatusCode::kInvalidArgument, "TLS_CA: no certificate in PEM form");
}

}  // namespace
}  // namespace hoop
