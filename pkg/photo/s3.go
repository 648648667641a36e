package photo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
)

// s3Client is what a bucket's URL says of the way to its store.
type s3Client struct {
	load       []func(*config.LoadOptions) error
	adjust     []func(*s3.Options)
	endpoint   string
	plain      bool   // without TLS, where the endpoint does not say
	role       string // to assume with the credentials that are found
	tokens     uint   // for retries; 0 does not limit them
	encryption types.ServerSideEncryption
	key        string // of the encryption
}

// s3Parameters are those of an s3:// URL. Their names are those that the Go CDK gave
// them, which deployments use.
var s3Parameters = map[string]func(c *s3Client, value string) error{
	"prefix":   func(*s3Client, string) error { return nil }, // the bucket's own
	"awssdk":   func(*s3Client, string) error { return nil }, // once chose between two clients
	"region":   loadOption(config.WithRegion),
	"profile":  loadOption(config.WithSharedConfigProfile),
	"endpoint": func(c *s3Client, value string) error { c.endpoint = value; return nil },
	"role": func(c *s3Client, value string) error {
		if !strings.HasPrefix(value, "arn:") {
			return errors.New("it is no ARN, such as arn:aws:iam::123456789012:role/lineup")
		}
		c.role = value
		return nil
	},
	"anonymous": whenTrue(func(c *s3Client) {
		c.load = append(c.load, config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	}),
	"dualstack": whenTrue(func(c *s3Client) {
		c.load = append(c.load, config.WithUseDualStackEndpoint(aws.DualStackEndpointStateEnabled))
	}),
	"fips": whenTrue(func(c *s3Client) {
		c.load = append(c.load, config.WithUseFIPSEndpoint(aws.FIPSEndpointStateEnabled))
	}),
	"disable_https":      whenTrue(func(c *s3Client) { c.plain = true }),
	"use_path_style":     whenTrue(pathStyle),
	"s3ForcePathStyle":   whenTrue(pathStyle),
	"hostname_immutable": whenTrue(pathStyle), // the bucket's name is no part of the host's
	"accelerate": whenTrue(func(c *s3Client) {
		c.adjust = append(c.adjust, func(o *s3.Options) { o.UseAccelerate = true })
	}),
	"rate_limiter_capacity": func(c *s3Client, value string) error {
		tokens, err := strconv.ParseUint(value, 10, 31)
		c.tokens = uint(tokens)
		return err
	},
	"request_checksum_calculation": checksums(func(c *s3Client, required bool) {
		mode := aws.RequestChecksumCalculationWhenSupported
		if required {
			mode = aws.RequestChecksumCalculationWhenRequired
		}
		c.load = append(c.load, config.WithRequestChecksumCalculation(mode))
	}),
	"response_checksum_validation": checksums(func(c *s3Client, required bool) {
		mode := aws.ResponseChecksumValidationWhenSupported
		if required {
			mode = aws.ResponseChecksumValidationWhenRequired
		}
		c.load = append(c.load, config.WithResponseChecksumValidation(mode))
	}),
	"ssetype": func(c *s3Client, value string) error {
		known := types.ServerSideEncryption("").Values()
		i := slices.IndexFunc(known, func(t types.ServerSideEncryption) bool { return strings.EqualFold(string(t), value) })
		if i < 0 {
			return fmt.Errorf("it is none of %v", known)
		}
		c.encryption = known[i]
		return nil
	},
	"kmskeyid": func(c *s3Client, value string) error { c.key = value; return nil },
}

// readParameters takes the parameters of a bucket's URL, and touches nothing.
func readParameters(parameters url.Values) (*s3Client, error) {
	c := new(s3Client)
	// Stores other than AWS's refuse or lack the checksums that the SDK adds since 2025. The
	// URL's own parameters come later, and count.
	if parameters.Get("endpoint") != "" {
		c.load = append(c.load,
			config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
			config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenRequired))
	}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		take, known := s3Parameters[name]
		if !known {
			return nil, fmt.Errorf("it has no parameter %s, but %s", name, strings.Join(slices.Sorted(maps.Keys(s3Parameters)), ", "))
		}
		if value := parameters.Get(name); value != "" {
			if err := take(c, value); err != nil {
				return nil, fmt.Errorf("its parameter %s=%s: %w", name, value, err)
			}
		}
	}
	return c, nil
}

// open makes the client. Credentials and what else the URL does not say come from where
// the AWS SDK looks: the environment, the shared files, the service account, the machine.
func (c *s3Client) open(ctx context.Context) (*s3.Client, error) {
	load := append(slices.Clone(c.load), config.WithLogger(logging.LoggerFunc(logSDK)), config.WithRetryer(func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.RateLimiter = ratelimit.None
			if c.tokens > 0 {
				o.RateLimiter = ratelimit.NewTokenRateLimit(c.tokens)
			}
		})
	}))
	found, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, err
	}
	if c.role != "" {
		found.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(found), c.role))
	}
	if c.endpoint != "" {
		found.Region = cmp.Or(found.Region, "us-east-1") // other stores do not ask; the SDK does
	}
	return s3.NewFromConfig(found, append(slices.Clone(c.adjust), c.reach)...), nil
}

func (c *s3Client) reach(o *s3.Options) {
	o.EndpointOptions.DisableHTTPS = c.plain
	o.DisableLogOutputChecksumValidationSkipped = true // of every object that has no checksum
	if c.endpoint == "" {
		return
	}
	scheme := "https://"
	if c.plain {
		scheme = "http://"
	}
	if strings.Contains(c.endpoint, "://") {
		scheme = ""
	}
	o.BaseEndpoint = aws.String(scheme + c.endpoint)
}

// logSDK is where the SDK tells what it would write to stderr itself, in lines of its own form.
func logSDK(class logging.Classification, format string, args ...any) {
	level := slog.LevelWarn
	if class == logging.Debug {
		level = slog.LevelDebug
	}
	slog.Log(context.Background(), level, "AWS SDK", "says", fmt.Sprintf(format, args...))
}

func pathStyle(c *s3Client) {
	c.adjust = append(c.adjust, func(o *s3.Options) { o.UsePathStyle = true })
}

func loadOption(option func(string) config.LoadOptionsFunc) func(*s3Client, string) error {
	return func(c *s3Client, value string) error {
		c.load = append(c.load, option(value))
		return nil
	}
}

func whenTrue(do func(*s3Client)) func(*s3Client, string) error {
	return func(c *s3Client, value string) error {
		on, err := strconv.ParseBool(value)
		if err != nil {
			return errors.New("it is neither true nor false")
		}
		if on {
			do(c)
		}
		return nil
	}
}

func checksums(do func(c *s3Client, required bool)) func(*s3Client, string) error {
	return func(c *s3Client, value string) error {
		switch strings.ToLower(value) {
		case "when_required":
			do(c, true)
		case "when_supported":
			do(c, false)
		default:
			return errors.New("it is neither when_supported nor when_required")
		}
		return nil
	}
}
